// Testing ahead is given up at the worker when nobody waits for it any more, and not when it has answered.

import { expect, test } from 'vitest'
import type { Repositories } from '../../src/ports/repositories.ts'
import { createProjections } from '../../src/projections/index.ts'
import type { OpenEffect } from '../../src/system/types.ts'
import { runAhead } from '../../src/town/effects/ahead.ts'
import type { Carrier } from '../../src/town/effects/carrier.ts'
import { COMMIT, message, RIG, TREE } from '../support/messages.ts'

type Asked = Parameters<Repositories['runAhead']>[0]

/** A town of which only the worker answers, with `answer`. */
function carry(answer: (asked: Asked) => Promise<Awaited<ReturnType<Repositories['runAhead']>>>) {
  const asked: Asked[] = []
  const ended: string[] = []
  const repositoriesFor = (id: string) => ({
    runAhead(input: Asked) {
      asked.push(input)
      return answer(input)
    },
    endAhead: async ({ target }: { target: string }) => ended.push(`${id} ${target}`),
  })
  const town = {
    owner: { name: 'Ada', email: 'ada@example.org' },
    operatorEnv: {},
    bin: '/bin',
    projections: createProjections(),
    system: { owner: () => null },
    repositoriesFor,
  } as unknown as Carrier
  const abort = new AbortController()
  const { type: _type, ...params } = message('ahead.begin')
  const effect = { id: '7.0', signal: abort.signal } as OpenEffect
  const message_ = runAhead({ rig: RIG, ...params }, effect, town)
  return { asked, ended, abort, message: message_ }
}

test('[AHEAD-3] what is not waited for is given up at the worker each time, and its answer is none', async () => {
  const over = Promise.withResolvers<never>()
  const { asked, ended, abort, message: said } = carry(() => over.promise)
  abort.abort()
  over.reject(new Error('ended'))
  await expect(said).rejects.toThrow('ended')
  expect(ended).toEqual([expect.stringMatching(/^7\.0 end \S+ main$/)])
  expect(asked).toMatchObject([
    { rig: RIG, target: 'main', batch: 8, date: Date.parse(message('ahead.begin').date), cache: true },
  ])
  expect(asked[0]?.requests).toMatchObject([
    { id: message('ahead.begin').requests[0]?.mergeRequest, message: expect.stringContaining('Receipt: ') },
  ])
})

test('[AHEAD-3] what has answered is not given up afterwards, when its effect is closed', async () => {
  const built = ['mr-1']
  const {
    ended,
    abort,
    message: said,
  } = carry(async () => ({
    outcome: 'passed',
    commit: COMMIT,
    tree: TREE,
    built,
  }))
  expect(await said).toEqual({
    type: 'ahead.ran',
    outcome: 'passed',
    commit: COMMIT,
    tree: TREE,
    mergeRequests: built,
  })
  abort.abort()
  expect(ended).toEqual([])
})
