// Every read takes a moment, those among them that look outside of the log.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { READS } from '../../src/api/reads/index.ts'
import { message } from '../support/messages.ts'
import { createTown, FIRST_SESSION, type TestTown, tokenOf } from './town.ts'

const AGENT = 'shop/polecats/nux'

let town: TestTown
let bead: string
beforeEach(async () => {
  town = await createTown()
  bead = await town.bead('Fix the cart')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
})
afterEach(() => town.close())

const use = (costUsd: number) =>
  town.ask(
    'POST',
    '/v1/events',
    { type: 'usage', data: { model: 'own-1', inputTokens: 10, outputTokens: 5, costUsd } },
    tokenOf(FIRST_SESSION),
  )
const head = (): number => town.town.system.seq
const timeOf = async (seq: number): Promise<string> => (await town.get(`/v1/records/${seq}`)).body.at

test('[P4] no read refuses a moment: as of the newest record each answers as it does now', async () => {
  await town.command('ask', { question: 'Which one?', choices: ['this', 'that'] }, tokenOf(FIRST_SESSION))
  await town.command('nudge', { agent: AGENT, text: 'Look at it' })
  await town.town.system.take({
    id: 'end',
    by: 'host',
    messages: [
      {
        to: FIRST_SESSION,
        message: { type: 'session.exited', ending: { kind: 'killed', signal: 'SIGKILL' } },
      },
    ],
  })
  await town.town.system.take({
    id: 'ready',
    by: 'shop/witness',
    messages: [{ to: 'shop/refinery', message: message('MERGE_READY', { bead }) }],
  })
  await expect.poll(async () => (await town.get('/v1/trash')).body.items).not.toEqual([])
  await town.town.system.idle()
  const { items: left } = (await town.get('/v1/trash')).body
  const ids: Readonly<Record<string, string>> = {
    '/v1/decisions/:id': (await town.get('/v1/decisions?state=all')).body.items[0]?.id,
    '/v1/nudges/:id': (await town.get('/v1/nudges')).body.items[0]?.id,
    '/v1/trash/:id': left[0]?.id,
    '/v1/mail/:seq': String((await town.get('/v1/mail')).body.items[0]?.seq),
    '/v1/records/:seq': String(head()),
    '/v1/rigs/:name': 'shop',
    '/v1/rigs/:name/audit': 'shop',
    '/v1/blame/:rig': 'shop',
  }
  const queries: Readonly<Record<string, string>> = {
    '/v1/blame/:rig': 'path=a.txt&line=1',
    '/v1/diff': 'from=1',
    '/v1/peek/:address': 'lines=5',
  }
  const answered: string[] = []
  for (const { path } of READS) {
    const id = ids[path] ?? (/:(address|agent)/.test(path) ? AGENT : bead)
    const url = path.replace(/:\w+/, encodeURIComponent(id))
    const query = queries[path] ?? ''
    if (path === '/v1/peek/:address') Object.assign(town.town, { terminals: { peek: async () => 'seen' } })
    const now = await town.get(`${url}?${query}`)
    const then = await town.get(`${url}?${query}&at=${head()}`)
    expect([then.status, then.body.code], `${url} ${then.body.message}`).toEqual([now.status, now.body.code])
    if (now.status === 200) answered.push(path)
  }
  const outside = ['/v1/blame/:rig', '/v1/peek/:address', '/v1/trash/:id', '/v1/rigs/:name/audit']
  for (const path of ['/v1/budgets', '/v1/merge-queue/:id/packet', ...outside])
    expect(answered).toContain(path)
  expect(answered.length).toBeGreaterThan(READS.length - 6)
})

test('[P4] [P6] [PR-26] budgets are as of a moment what they were then', async () => {
  const at: Record<string, { seq: number; items: unknown }> = {}
  const note = async (name: string) => {
    await town.town.system.idle()
    at[name] = { seq: head(), items: (await town.get('/v1/budgets')).body.items }
  }
  await note('none')
  await town.command('budget.set', { scope: 'bead', which: bead, usd: 2, per: 'total' })
  await note('set')
  await use(1)
  const { until } = { until: Date.now() + 5_000 }
  while (Date.now() < until && town.town.projections.budgets.rows.size === 0) await town.town.system.idle()
  await town.command('budget.set', { scope: 'town', usd: 5, per: 'day' })
  await note('two')
  await town.command('budget.unset', { scope: 'bead', which: bead })
  await note('one')
  expect(Object.values(at).map(({ items }) => (items as unknown[]).length)).toEqual([0, 1, 2, 1])
  for (const { seq, items } of Object.values(at))
    expect((await town.get(`/v1/budgets?at=${seq}`)).body).toEqual({ items, seq })
  // What is shown now is what its owner keeps.
  const kept = Object.values(town.town.system.owner('budgets')?.context ?? {})
  expect([...town.town.projections.budgets.rows.values()]).toEqual(kept)
})

test('[P4] a screen as of a moment is that of the session at work then, from its recording', async () => {
  const seq = head()
  const text = `recorded of ${FIRST_SESSION} as of `
  expect((await town.get(`/v1/peek/${encodeURIComponent(AGENT)}?at=${seq}`)).body).toMatchObject({
    session: FIRST_SESSION,
    text: text + (await timeOf(seq)),
    seq,
  })
  expect((await town.get(`/v1/peek/${encodeURIComponent(AGENT)}?at=1`)).body.code).toMatch(
    /NOT_FOUND|NO_SESSION/,
  )
})
