// gt polecat nuke/undo, gt unsling, gt stop: taking work away from workers, and giving it back.

import { ClientFault } from '../../client/fault.ts'
import { type Call, type Command, flagOf, given, textOf } from '../command.ts'

type Taken = {
  agent: string | null
  bead: string
  entry: string | null
  worktree: string | null
  files: number | null
}

export const polecatNuke: Command = {
  name: 'polecat nuke',
  summary: 'ends a polecat (worker) and takes its work away; gt polecat undo brings it back',
  usage: '<polecat>',
  where: 'person',
  words: [1, 1],
  options: {
    yes: {
      type: 'flag',
      short: 'y',
      help: 'also when it has work that it never handed in, or files that cannot be kept',
    },
    reason: { type: 'text', value: '<text>', help: 'why; the bead says so' },
  },
  async run(call) {
    const [agent = ''] = call.words
    requireYes(call)
    const body = given({ agent, yes: flagOf(call, 'yes') || undefined, reason: textOf(call, 'reason') })
    const found = await call.town().command<Taken>('polecat.nuke', body)
    call.out.answer({
      json: found,
      ids: [found.entry ?? ''],
      lines: () => [
        `${found.agent} is ended, and ${found.bead} is open again.`,
        ...keptLines(found),
        `Undo: gt polecat undo ${agent}`,
      ],
    })
  },
}

export const polecatUndo: Command = {
  name: 'polecat undo',
  summary: 'brings back what was taken from a polecat (worker) last, as it was',
  usage: '<polecat>',
  where: 'person',
  words: [1, 1],
  async run(call) {
    type Undone = { agent: string; bead: string; entry: string; branch: string; worktree: string }
    const found = await call.town().command<Undone>('polecat.undo', { agent: call.words[0] })
    call.out.answer({
      json: found,
      ids: [found.entry],
      lines: () => [
        `${found.agent} has ${found.bead} again, on ${found.branch}, as it was.`,
        `Its worktree: ${found.worktree}`,
      ],
    })
  },
}

export const unsling: Command = {
  name: 'unsling',
  summary: 'takes a bead (unit of work) off its hook; its worktree stays',
  usage: '<bead>',
  where: 'person',
  words: [1, 1],
  options: { reason: { type: 'text', value: '<text>', help: 'why; the bead says so' } },
  async run(call) {
    const body = given({ bead: call.words[0], reason: textOf(call, 'reason') })
    const found = await call.town().command<Taken>('unsling', body)
    call.out.answer({
      json: found,
      ids: [found.bead],
      lines: () =>
        found.agent === null
          ? [`${found.bead} is out of the queue, and open.`]
          : [
              `${found.bead} is off the hook of ${found.agent}, and open again.`,
              ...keptLines(found),
              `Undo: gt polecat undo ${found.agent}`,
            ],
    })
  },
}

export const stop: Command = {
  name: 'stop',
  summary: 'has a polecat (worker) rest with its work; gt start lets it go on',
  usage: '<polecat>',
  where: 'person',
  words: [1, 1],
  async run(call) {
    const found = await call.town().command<{ agent: string; bead: string }>('stop', { agent: call.words[0] })
    call.out.answer({
      json: found,
      ids: [found.agent],
      lines: () => [`${found.agent} rests with ${found.bead}; gt start ${call.words[0]} lets it go on.`],
    })
  },
}

export function keptLines({ entry, worktree, files }: Pick<Taken, 'entry' | 'worktree' | 'files'>): string[] {
  const many = files === null ? '' : `, ${files} changed file${files === 1 ? '' : 's'}`
  return [
    worktree === null
      ? `Its work is kept${many}: gt trash show ${entry ?? ''}`
      : `Its worktree stays at ${worktree}${many}.`,
  ]
}

/** Who cannot be asked must say it beforehand. @throws CONFIRMATION_NEEDED */
function requireYes(call: Call): void {
  if (flagOf(call, 'yes') || process.stdin.isTTY) return
  throw new ClientFault(
    'CONFIRMATION_NEEDED',
    'This takes work away, and nobody is at the terminal to see it.',
  )
}
