// gt mq reject, revert: what a person does with a request that is not to land, or not to have landed.

import { type Command, flagOf, given, textOf } from '../command.ts'

type Rejected = { id: string; bead: string; branch: string }
type Reverted = {
  mergeRequest: string | null
  bead: string
  target: string
  reverts: { mergeRequest: string; bead: string; commit: string }[]
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
  usage: '<bead, id or commit>…',
  where: 'person',
  words: [1, 50],
  options: {
    reason: why,
    'fixes-target': { type: 'flag', help: 'lands on a frozen target too, if its gates are green' },
  },
  async run(call) {
    const body = given({
      of: call.words,
      reason: textOf(call, 'reason'),
      fixesTarget: flagOf(call, 'fixes-target') || undefined,
    })
    const found = await call.town().command<Reverted>('mq.revert', body)
    const { mergeRequest, bead, target, reverts, waitAgain, begun } = found
    const id = mergeRequest ?? bead
    const lines = () => [
      `${id} takes ${reverts.map((one) => one.bead).join(', ')} out of ${target}: gt mq show ${id}`,
      ...(waitAgain.length === 0 ? [] : [`Then these wait again: ${waitAgain.join(', ')}`]),
      ...begun.map(({ id: begunId, status, worker }) => {
        const who = worker === null ? '' : ` by ${worker.split('/').at(-1)}`
        return `! ${begunId} was begun on the ground of it${who} (${status}).`
      }),
    ]
    call.out.answer({ json: found, ids: [id], lines })
  },
}
