// The thread beside a log: takes rows that another thread reads, and answers.
//
// Owns:      the jobs under way; each reads by asking the other thread for rows.
// Does not:  have a database open, or write anything.
// Always:    a job that fails says so; only what nobody foresaw ends the thread.

import { parentPort } from 'node:worker_threads'
import { chainBytes, chainText } from '../chain.ts'
import type { Position } from '../engine.ts'
import { LogError } from '../types.ts'
import { checkAll } from './check-all.ts'
import { seqOf } from './keys.ts'
import type { RawRow, Scan, Scanned } from './scan.ts'
import { prepareSegment } from './seal.ts'
import type {
  FromSide,
  SealResult,
  SideError,
  SideJob,
  SidePosition,
  ToSide,
  VerifyResult,
} from './side-messages.ts'
import { packRows, unpackRows } from './side-rows.ts'

/** Entries after which it is told how far a job is. */
const TELL_EVERY = 512

const port = parentPort
if (port === null) throw new Error('Broken invariant: this is the entry of a thread')
const say = (message: FromSide, moved: ArrayBuffer[] = []): void => port.postMessage(message, moved)

type Rows = Extract<ToSide, { kind: 'rows' | 'unreadable' | 'end' }>
type Read = { readonly waiting: Rows[]; wake: (() => void) | undefined }
/** The scans of a job. */
const jobs = new Map<number, Map<number, Read>>()

port.on('message', (message: ToSide) => {
  switch (message.kind) {
    case 'begin':
      jobs.set(message.n, new Map())
      void run(message.n, message.job)
      return
    case 'drop':
      // Whatever waits for rows waits for ever, and nothing refers to it.
      jobs.delete(message.n)
      return
    default: {
      const read = jobs.get(message.n)?.get(message.scan)
      read?.waiting.push(message)
      read?.wake?.()
    }
  }
})

async function run(n: number, job: SideJob): Promise<void> {
  try {
    const scan: Scan = (kind, from) => scanAside(n, { kind, from: from ?? null })
    if (job.kind === 'seal') {
      const result = await seal(job, scan)
      say({ kind: 'done', n, result }, [result.bytes.buffer])
    } else say({ kind: 'done', n, result: await verify(n, job, scan) })
  } catch (error) {
    say({ kind: 'failed', n, error: failed(error) })
  }
}

async function seal({ from, format }: Extract<SideJob, { kind: 'seal' }>, scan: Scan): Promise<SealResult> {
  const { operations, end } = await prepareSegment(rowsOf(scan), position(from), format)
  const rows = operations.map((one) => ({ key: one.key, value: one.type === 'put' ? one.value : undefined }))
  return { bytes: packRows(rows), end: { seq: end.seq, chain: chainText(end.chain) } }
}

async function verify(
  n: number,
  { from, known }: Extract<SideJob, { kind: 'verify' }>,
  scan: Scan,
): Promise<VerifyResult> {
  let told = from.seq
  let reached = from.seq
  const onProgress = (seq: number): void => {
    reached = seq
    if (seq < told + TELL_EVERY) return
    told = seq
    say({ kind: 'progress', n, seq })
  }
  const { problems, end, erased } = await checkAll(scan, {
    from: position(from),
    known: known ? position(known) : undefined,
    onProgress,
  })
  if (reached > told) say({ kind: 'progress', n, seq: reached })
  return { problems, end: end.seq, erased: erased.report().erased ?? [] }
}

async function* rowsOf(scan: Scan): AsyncGenerator<RawRow> {
  for await (const one of scan('r')) {
    if ('unreadable' in one) throw one.unreadable
    yield { ...one, last: seqOf(one.key) ?? 0 }
  }
}

let last = 0

async function* scanAside(
  n: number,
  ask: Extract<FromSide, { kind: 'scan' }>['ask'],
): AsyncGenerator<Scanned> {
  const scan = ++last
  const read: Read = { waiting: [], wake: undefined }
  jobs.get(n)?.set(scan, read)
  say({ kind: 'scan', n, scan, ask })
  for (;;) {
    const message = read.waiting.shift()
    if (message === undefined) {
      await new Promise<void>((resolve) => {
        read.wake = resolve
      })
    } else if (message.kind === 'rows') {
      say({ kind: 'more', n, scan })
      for (const { key, value } of unpackRows(message.bytes)) if (value) yield { key, value }
    } else if (message.kind === 'unreadable') {
      yield { unreadable: new Error(message.why), passed: message.passed }
    } else return
  }
}

function position({ seq, chain }: SidePosition): Position {
  return { seq, chain: chainBytes(chain) }
}

function failed(error: unknown): SideError {
  if (error instanceof LogError) return { code: error.code, message: error.message, details: error.details }
  return { code: null, message: error instanceof Error ? error.message : String(error), details: {} }
}
