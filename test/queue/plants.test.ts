// Defects that are put between the queue and its git work: the model finds each.

import { expect, test } from 'vitest'
import type { Command, Sequence } from './commands.ts'
import { runSequence } from './sequence.ts'
import type { Plant } from './town.ts'

const submit = (kind: 'good' | 'red'): Command => ({ does: 'submit', kind, file: 0, forced: false })
const sequence = (...commands: Command[]): Sequence => ({ batch: 4, cache: true, commands })
const found = (plant: Plant, commands: Sequence) => expect(runSequence(commands, plant)).rejects

test('a gate whose red is told as green is found', async () => {
  const plant: Plant = async ({ kind }, carryOut) => {
    const { message, by } = await carryOut()
    if (kind !== 'gates.run') return { message, by }
    const results = (message.results as object[]).map((one) => ({ ...one, outcome: 'passed', exitCode: 0 }))
    return { message: { ...message, results }, by }
  }
  await found(plant, sequence(submit('red'))).toThrow(/its tree never passed/)
})

test('a receipt for what was never pushed is found', async () => {
  const plant: Plant = async ({ kind, params }, carryOut) => {
    if (kind !== 'target.push') return await carryOut()
    const { mergeRequest, commit } = params
    const message = { type: 'target.advanced', mergeRequest, head: commit, patchId: 'p', proof: 'p' }
    return { message, by: 'worker' }
  }
  await found(plant, sequence(submit('good'))).toThrow(/has a receipt of .*, which is not in the target/)
})

test('a landing that is done a second time after nobody heard of it is found', async () => {
  let pushes = 0
  const plant: Plant = async ({ kind, params }, carryOut) => {
    if (kind === 'target.push') {
      pushes += 1
      const { mergeRequest, base } = params
      if (pushes === 2) return { message: { type: 'target.moved', mergeRequest, head: base }, by: 'worker' }
    }
    return await carryOut()
  }
  const commands = sequence(
    submit('good'),
    { does: 'work', steps: 2, which: 0 },
    { does: 'crash', carriesOut: true },
  )
  await found(plant, commands).toThrow(/landed twice/)
})
