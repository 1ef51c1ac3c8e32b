// The export: the lines themselves, and the check that anybody can repeat.
//
// Owns:      NDJSON out of a log, and the chain over lines that came from anywhere.
// Does not:  read files; lines come in without their newline.

import { CHAIN_START, chainAfter, chainBytes, chainText } from './chain.ts'
import { ErasedEntries } from './erased.ts'
import { lineHasSeq } from './line.ts'
import type { EventLog, Head, LogProblem, ReadOptions, VerifyReport } from './types.ts'

/** The lines of a log in order, each without its newline. */
export async function* exportLines(
  log: Pick<EventLog, 'read'>,
  options: Pick<ReadOptions, 'after' | 'to'> = {},
): AsyncGenerator<string> {
  for await (const { line } of log.read(options)) yield line
}

/**
 * Recomputes the chain over exported lines. `from` is the head before the first line (default: an empty log);
 * `head` is what the end must be, as the log itself told it: without it a change cannot be seen, only a gap.
 */
export async function verifyExport(
  lines: Iterable<string> | AsyncIterable<string>,
  options: { readonly from?: Head; readonly head?: Head } = {},
): Promise<VerifyReport> {
  const problems: LogProblem[] = []
  let seq = options.from?.seq ?? 0
  let chain = options.from ? chainBytes(options.from.chain) : CHAIN_START
  let records = 0
  const erased = new ErasedEntries()
  for await (const line of lines) {
    seq += 1
    records += 1
    chain = chainAfter(chain, line)
    erased.line(seq, line)
    if (!lineHasSeq(line, seq) && problems.length === 0) {
      problems.push({ seq, kind: 'gap', message: `Entry ${seq} should follow, but the line is another one.` })
    }
  }
  const head = { seq, chain: chainText(chain) }
  const { head: wanted } = options
  if (wanted && wanted.seq !== seq) {
    const message = `The export ends at ${seq}, the log at ${wanted.seq}.`
    problems.push({ seq: Math.min(seq, wanted.seq) + 1, kind: 'head', message })
  } else if (wanted && wanted.chain !== head.chain) {
    problems.push({
      seq,
      kind: 'chain',
      message: `The chain of the export is not that of the log at ${seq}.`,
    })
  }
  return { ok: problems.length === 0, records, head, problems, ...erased.report() }
}
