// gt mq reject, revert: what a person does with a request that is not to land, or not to have landed.

import { type Command, flagOf, given, textOf } from '../command.ts'
import { clock } from '../layout.ts'
import { safeLine } from '../sanitize.ts'

type Rejected = { id: string; bead: string; branch: string }
type Reverted = {
  mergeRequest: string | null
  bead: string | null
  dryRun: boolean
  rig: string
  target: string
  reverts: { mergeRequest: string; bead: string; commit: string; title: string; landedAt: string }[]
  left: { mergeRequest: string; bead: string; why: string }[]
  foreign: { commit: string; author: string | null; title: string | null }[] | null
  waitAgain: string[]
  begun: { id: string; status: string; worker: string | null }[]
}

const why = { type: 'text', value: '<text>', help: 'why; it is kept, and said wherever one looks' } as const

export const mqReject: Command = {
  name: 'mq reject',
  summary: 'takes work out of the merge queue; it is kept, and its bead open again',
  usage: '<bead or id>',
  where: 'person',
  words: [1, 1],
  options: { reason: why },
  async run(call) {
    const body = given({ mergeRequest: call.words[0], reason: textOf(call, 'reason') })
    const found = await call.town().command<Rejected>('mq.reject', body)
    const { id, bead, branch } = found
    const lines = () =>
      branch.startsWith('revert/')
        ? [`${id} is out of the queue: ${bead} is open.`]
        : [`${id} is out of the queue: ${bead} is open again, and ${branch} is kept (gt trash show ${bead}).`]
    call.out.answer({ json: found, ids: [id], lines })
  },
}

export const mqRevert: Command = {
  name: 'mq revert',
  summary: 'takes back what has landed, tested like any other work; its bead is open again then',
  usage: '[bead, id or commit]…',
  where: 'person',
  words: [0, 50],
  options: {
    batch: { type: 'flag', help: 'with all that landed by the same push' },
    epic: { type: 'text', value: '<bead>', help: 'all that the beads below it have landed' },
    since: {
      type: 'text',
      value: '<when>',
      help: 'all since: a record number, a time, HH:MM, 15m ago',
    },
    rig: { type: 'text', value: '<name>', help: 'with --since: of this rig (project)' },
    'dry-run': { type: 'flag', help: 'says what would be taken back, and does nothing' },
    reason: why,
    'fixes-target': { type: 'flag', help: 'lands on a frozen target too, if its gates are green' },
  },
  async run(call) {
    const body = given({
      of: call.words,
      batch: flagOf(call, 'batch') || undefined,
      epic: textOf(call, 'epic'),
      since: textOf(call, 'since'),
      rig: textOf(call, 'rig'),
      dryRun: flagOf(call, 'dry-run') || undefined,
      reason: textOf(call, 'reason'),
      fixesTarget: flagOf(call, 'fixes-target') || undefined,
    })
    const found = await call.town().command<Reverted>('mq.revert', body)
    const ids = found.dryRun
      ? found.reverts.map(({ mergeRequest }) => mergeRequest)
      : [found.mergeRequest ?? found.bead ?? '']
    call.out.answer({ json: found, ids, lines: () => revertLines(found) })
  },
}

function revertLines(found: Reverted): string[] {
  const { mergeRequest, bead, dryRun, rig, target, reverts, left, foreign, waitAgain, begun } = found
  const id = mergeRequest ?? bead ?? ''
  const beads = [...new Set(reverts.map((one) => one.bead))].join(', ')
  return [
    ...(dryRun
      ? [
          `${reverts.length === 1 ? 'One landing' : `${reverts.length} landings`} would be taken out of ${target} of ${rig}, newest first:`,
          ...reverts.map(
            (one) =>
              `  ${one.mergeRequest}  ${one.bead}  ${one.commit.slice(0, 10)}  ${clock(one.landedAt)}  ${safeLine(one.title)}`,
          ),
        ]
      : [`${id} takes ${beads} out of ${target}: gt mq show ${id}`]),
    ...left.map((one) => `Left: ${one.mergeRequest} (${one.bead}) ${one.why}.`),
    ...(foreign ?? []).map((one) => {
      const by = one.author === null ? '' : ` by ${safeLine(one.author)}`
      return `Left: ${one.commit.slice(0, 10)}${by}, not landed by gt: ${safeLine(one.title ?? '')}`
    }),
    ...(foreign === null ? ['Whether others have landed something in between could not be looked up.'] : []),
    ...(waitAgain.length === 0 ? [] : [`Then these wait again: ${waitAgain.join(', ')}`]),
    ...begun.map(({ id: begunId, status, worker }) => {
      const who = worker === null ? '' : ` by ${worker.split('/').at(-1)}`
      return `! ${begunId} was begun on the ground of it${who} (${status}).`
    }),
  ]
}
