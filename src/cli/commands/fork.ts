// gt fork: another town, made of this one as it was at a moment, that goes on by itself.

import { resolve } from 'node:path'
import type { Connection } from '../../client/connection.ts'
import { type Command, textOf } from '../command.ts'

type Plan = {
  parent: { townId: string; name: string; dir: string }
  upTo: number
  at: string
  bytes: number
}
type Lines = { lines: string[]; next: number }

/** Lines that are asked for at once. */
const LINES_MAX = 2_000

export const fork: Command = {
  name: 'fork',
  summary: 'makes another town of this one as it was, that reaches nothing outside',
  usage: '--at <when> <folder>',
  where: 'person',
  words: [1, 1],
  options: { name: { type: 'text', value: '<name>', help: 'what it is called; else like this one' } },
  async run(call) {
    const { out, cwd } = call
    const dir = resolve(cwd, call.words[0] as string)
    const at = textOf(call, 'at')
    if (at === undefined) {
      const { UsageError } = await import('../usage.ts')
      throw new UsageError(
        '--at says which moment is meant: a record number, a time, HH:MM, or 15m ago',
        'fork',
      )
    }
    const { makeFork, checkForkPlace, findTown, connectAsOperator } = await parts()
    const here = findTown(textOf(call, 'town'), cwd, call.env)
    checkForkPlace(dir, [here.dir])
    // Opened for this alone: while git runs no log may be open in our process.
    const town = closedOnce(connectAsOperator(here.dir))
    const progress = out.json || process.stderr.isTTY !== true ? () => {} : bar
    try {
      const plan = await town.command<Plan>('fork', { at })
      const made = await makeFork(
        {
          ...plan.parent,
          seq: plan.upTo,
          at: plan.at,
          bytes: plan.bytes,
          lines: () => linesOf(town, plan.upTo),
        },
        { dir, name: textOf(call, 'name') ?? null },
        progress,
      )
      for (const { rig, remote, why } of made.rigs)
        if (remote === null) out.note(`rig ${rig} is not in the fork: ${why}`)
      for (const { owner, why } of made.worktrees) if (why !== '') out.note(`${owner}: ${why}`)
      out.note(
        `a fork of ${plan.parent.name} at ${plan.upTo} (${plan.at}) is at ${dir}; every rig in it is parked`,
      )
      out.note(`next: cd ${dir} && gt up, then gt rig unpark <rig>`)
      out.answer({
        json: {
          id: made.townId,
          name: textOf(call, 'name') ?? plan.parent.name,
          parent: { ...plan.parent, seq: plan.upTo },
          ...made,
        },
        ids: [dir],
      })
    } finally {
      await town.close()
    }
  },
}

async function parts() {
  const [door, { findTown }, { connectAsOperator }] = await Promise.all([
    import('../../client/embedded.ts'),
    import('../../client/find-town.ts'),
    import('../../client/operator.ts'),
  ])
  return { ...(await door.forks()), findTown, connectAsOperator }
}

/** Closes the connection at the end: one that opened the log lets go of it before git is started. */
async function* linesOf(town: Connection, to: number): AsyncGenerator<readonly string[]> {
  for (let after = 0; after < to; ) {
    const limit = Math.min(LINES_MAX, to - after)
    const { lines, next } = await town.get<Lines>('/v1/log/lines', { after, limit, at: String(to) })
    if (lines.length === 0) break
    yield lines
    after = next
  }
  await town.close()
}

/** A town that was opened here is closed before the end of it all, and once. */
function closedOnce(town: Connection): Connection {
  let closing: Promise<void> | undefined
  return {
    ...town,
    close() {
      closing ??= town.close()
      return closing
    },
  }
}

function bar(step: string, done: number, of: number): void {
  process.stderr.write(`\r${step}: ${done} of ${of}\x1b[K${done >= of ? '\n' : ''}`)
}
