// gt mq freeze, thaw, retest: whether anything lands on a target.

import { type Command, given, textOf } from '../command.ts'

const target = {
  target: {
    type: 'text',
    value: '<branch>',
    help: 'an integration branch, or its epic',
  },
} as const

type Found = { rig: string; target: string }

export const mqFreeze: Command = {
  name: 'mq freeze',
  summary: 'lets nothing land on the target of a rig (project); gt mq thaw ends it',
  usage: '[rig]',
  where: 'person',
  words: [0, 1],
  options: { ...target, reason: { type: 'text', value: '<text>', help: 'why; gt status and gt why say so' } },
  async run(call) {
    const body = given({
      rig: call.words[0],
      target: textOf(call, 'target'),
      reason: textOf(call, 'reason'),
    })
    const found = await call.town().command<Found>('mq.freeze', body)
    const { rig, target } = found
    const lines = () => [
      `${target} of ${rig} is frozen: work waits until gt mq thaw ${rig}.`,
      'A bead that you label fixes-target lands all the same, if its gates are green.',
    ]
    call.out.answer({ json: found, ids: [rig], lines })
  },
}

export const mqThaw: Command = {
  name: 'mq thaw',
  summary: 'lets work land again after gt mq freeze',
  usage: '[rig]',
  where: 'person',
  words: [0, 1],
  options: target,
  async run(call) {
    const body = given({ rig: call.words[0], target: textOf(call, 'target') })
    const found = await call.town().command<Found>('mq.thaw', body)
    const lines = () => [`Work lands on ${found.target} of ${found.rig} again.`]
    call.out.answer({ json: found, ids: [found.rig], lines })
  },
}

export const mqRetest: Command = {
  name: 'mq retest',
  summary: 'tests a target that is red by itself once more; work goes on when it is green',
  usage: '[rig]',
  where: 'person',
  words: [0, 1],
  options: target,
  async run(call) {
    const body = given({ rig: call.words[0], target: textOf(call, 'target') })
    const found = await call.town().command<Found>('mq.retest', body)
    const lines = () => [`${found.target} of ${found.rig} is tested; gt status says what comes of it.`]
    call.out.answer({ json: found, ids: [found.rig], lines })
  },
}
