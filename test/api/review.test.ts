import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { message } from '../support/messages.ts'
import { createTown, FIRST_SESSION, type TestTown, tokenOf } from './town.ts'

let town: TestTown
let bead: string
let other: string
const REVIEW = 'shop/reviews/mr-1'
const session = `${REVIEW}/sessions/1`
const token = tokenOf(session)
const verdict = {
  verdict: 'fail',
  note: 'it drops an item',
  findings: [{ path: 'a.ts', line: 3, text: 'here' }],
}

/** A polecat has handed its work in, and a reviewer looks at it. */
beforeEach(async () => {
  town = await createTown()
  bead = await town.bead('Fix the cart')
  other = await town.bead('Theirs')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
  const ask = { ...message('review.ask'), bead }
  await town.town.system.take({ id: 'ask', by: 'shop/refinery', messages: [{ to: REVIEW, message: ask }] })
  await vi.waitFor(() => expect(town.town.system.owner(session)?.value).toBe('running'))
})
afterEach(() => town.close())

test('[REVIEW-9] a verdict is taken from the session that reviews, once, and from nobody else', async () => {
  const say = (by?: string, id?: string) => town.command('review', { ...verdict, ...(id && { id }) }, by)
  expect((await say()).body.code).toBe('NOT_IN_A_SESSION')
  expect((await say(tokenOf(FIRST_SESSION))).body.code).toBe('FORBIDDEN')
  expect((await say(tokenOf('shop/crew/ada/sessions/1'))).body.code).toBe('FORBIDDEN')
  expect((await say(tokenOf(`${REVIEW}/sessions/2`))).body.code).toBe('ASSIGNMENT_OVER')
  expect((await say(tokenOf('shop/reviews/mr-2/sessions/1'))).body.code).toBe('ASSIGNMENT_OVER')
  const first = await say(token, 'r-1')
  expect(first).toMatchObject({ status: 200, body: { mergeRequest: 'mr-1', verdict: 'fail', findings: 1 } })
  expect((await say(token, 'r-1')).body).toEqual(first.body)
  expect((await say(token, 'r-2')).body.code).toBe('ASSIGNMENT_OVER')
})

test('[REVIEW-9] a reviewer changes nothing, and reads the bead that it reviews', async () => {
  for (const [name, input, code] of [
    ['done', {}, 'AGENT_HAS_NO_WORK'],
    ['handoff', { note: 'x' }, 'AGENT_HAS_NO_WORK'],
    ['bead.create', { title: 'Mine' }, 'FORBIDDEN'],
    ['bead.comment', { bead, text: 'x' }, 'FORBIDDEN'],
    ['decision.answer', { decision: 'd-1', choice: 'pass' }, 'FORBIDDEN'],
  ] as const)
    expect([name, (await town.command(name, input, token)).body.code]).toEqual([name, code])
  expect((await town.get(`/v1/beads/${bead}`, token)).status).toBe(200)
  for (const path of [`/v1/beads/${other}`, '/v1/beads', '/v1/status', '/v1/decisions'])
    expect([path, (await town.get(path, token)).body.code]).toEqual([path, 'FORBIDDEN'])
  const { body } = await town.command('prime', {}, token)
  expect(body).toMatchObject({ address: REVIEW, role: 'reviewer', rig: 'shop' })
  expect(body.rules.join(' ')).toContain('gt review pass')
})

test('a turn that ends without a verdict goes on once, and what a reviewer writes is masked before it is kept', async () => {
  const hook = (event: string, input: object) =>
    town.server.inject({
      method: 'POST',
      url: `/v1/hooks/${event}`,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'x-gt-runtime': 'claude',
      },
      payload: JSON.stringify(input),
    })
  await hook('UserPromptSubmit', { prompt: 'Review it' })
  expect((await hook('Stop', { stop_hook_active: false })).payload).toContain('No verdict is given yet')
  await town.command('review', { ...verdict, note: 'The key is an-operators-own-secret.' }, token)
  const asked = town.town.system.owner(REVIEW)
  expect(asked?.context.ask).toBeNull()
  const feed = JSON.stringify((await town.get('/v1/feed')).body)
  expect(feed).toContain('does not let bead')
  expect(feed).not.toContain('an-operators-own-secret')
})

test('what is wrong in the setting of a review is named', async () => {
  const set = (value: object) => town.command('config.set', { rig: 'shop', key: 'gates.quality', value })
  expect((await set({ review: { timeout: 'soon' } })).body).toMatchObject({
    code: 'SETTING_INVALID',
    detail: expect.stringContaining('a time like 90s'),
  })
  expect((await set({ review: { preset: 'A B' } })).body.detail).toContain('the name of an agent')
  expect((await set({ review: { preset: 'codex' }, required: false })).status).toBe(200)
})
