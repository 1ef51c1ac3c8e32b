import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerPast } from '../../../src/api/past.ts'
import { parseCommandLine } from '../../../src/cli/options.ts'
import { markdown, screen } from '../../../src/cli/recap-lines.ts'
import { commandNamed, loadCommand } from '../../../src/cli/table.ts'
import { lookFirst } from '../../../src/past/recap/first.ts'
import type { Landed, NotLanded, Recap } from '../../../src/past/recap/types.ts'
import { createNight, MINUTE, named, type Waits } from './night.ts'

type Night = Awaited<ReturnType<typeof createNight>>
let night: Night
let recap: Waits
/** Positions at which the night may be cut. */
const cuts: number[] = []

beforeAll(async () => {
  night = await createNight()
  await everyKindOfEnding(night)
  recap = await night.recap()
}, 60_000)
afterAll(() => night.close())

/** Three places. Comments say what a person would read in the morning. */
async function everyKindOfEnding(n: Night): Promise<void> {
  const cut = () => cuts.push(n.log.head.seq)
  await n.pass(30 * MINUTE)
  await n.create('sh-1', 'Fix the empty cart')
  await n.create('sh-2', 'Count the cart')
  await n.create('sh-3', 'Rename the cart')
  await n.create('sh-4', 'Sort the cart')
  await n.create('sh-5', 'Pay for the cart', ['sh-4'])
  await n.create('sh-6', 'Ship the cart', ['sh-5'])
  await n.create('sh-7', 'Drop the cart')
  await n.create('sh-8', 'Paint the cart')
  await n.create('sh-9', 'Lose the cart')
  await n.create('sh-10', 'Take \x1b[31mit\x1b[0m <b>back</b> @ada')
  await n.create('sh-11', 'Ask for the cart')
  await n.create('sh-12', 'Never handed over')
  n.counted.set('sh-1', { added: 120, removed: 4 })
  await n.sling('sh-1', 'sh-2', 'sh-3', 'sh-4', 'sh-5', 'sh-6')
  cut()
  await n.pass(20 * MINUTE)
  // Lands at once.
  await n.uses('sh-1', 1.5, 40_000)
  await n.done('sh-1')
  await n.pass(MINUTE)
  cut()
  // Red at first, and mended.
  n.next.red.add('sh-2')
  await n.uses('sh-2', 0.75)
  await n.done('sh-2')
  await n.pass(40 * MINUTE)
  await n.uses('sh-2', null)
  await n.done('sh-2')
  await n.pass(5 * MINUTE)
  cut()
  // Dies, goes on by itself, conflicts, is mended.
  await n.dies('sh-3')
  await n.pass(10 * MINUTE)
  n.next.conflicts.add('sh-3')
  await n.done('sh-3')
  await n.pass(15 * MINUTE)
  await n.done('sh-3')
  await n.pass(15 * MINUTE)
  cut()
  // Asks a person; sh-5 and sh-6 wait behind it.
  await n.uses('sh-4', 9.25, 900_000)
  await n.givesBack('sh-4', 'ESCALATED', 'Which order?')
  await n.pass(MINUTE)
  // The town is down for an hour.
  await n.say('town', ['town', { type: 'town.stop', reason: 'gt down' }])
  n.clock.pass(60 * MINUTE)
  await n.say('town', ['town', { type: 'town.start', version: '0.1.0', downMs: 60 * MINUTE }])
  cut()
  await n.sling('sh-7', 'sh-8', 'sh-9', 'sh-10', 'sh-11')
  await n.pass(10 * MINUTE)
  // Put off by its agent; dies until nobody begins it again; closed and taken back by a person.
  await n.givesBack('sh-7', 'DEFERRED', 'needs a release first')
  await n.pass(MINUTE)
  cut()
  for (let tries = 0; tries < 6; tries += 1) {
    if (String(n.system.owner('beads/sh-8')?.value) === 'blocked') break
    await n.dies('sh-8')
    await n.pass(40 * MINUTE)
  }
  cut()
  const { sandbox } = n.at('sh-9')
  await n.say('overseer', [sandbox, { type: 'sandbox.unsling', reason: 'not tonight' }])
  await n.pass(MINUTE)
  await n.say('overseer', ['beads/sh-9', { type: 'bead.close', reason: 'not needed' }])
  const taken = n.at('sh-10').sandbox
  await n.say('overseer', [taken, { type: 'sandbox.unsling', reason: 'another way' }])
  await n.pass(MINUTE)
  cut()
  await n.uses('sh-11', 0.5)
  await n.asks('sh-11', 'rm -rf node_modules')
  await n.pass(5 * MINUTE)
}

const ids = (items: readonly { readonly bead: string }[]): string[] => items.map(({ bead }) => bead).sort()

describe('a night with every kind of ending', () => {
  test('says first what it covers, and how much of it anybody was there', () => {
    expect(recap.span.from.at).toBe(new Date(night.clock.now() - recap.span.lengthMs).toISOString())
    expect(recap.span.awakeMs).toBe(recap.span.lengthMs - 60 * MINUTE)
  })

  test('names what landed, by whom, how much, and the commit', () => {
    expect(ids(recap.landed)).toEqual(['sh-1', 'sh-2', 'sh-3'])
    const [first] = recap.landed as [Landed]
    expect(first).toMatchObject({
      bead: 'sh-1',
      title: 'Fix the empty cart',
      lines: { added: 120, removed: 4 },
      reopened: false,
      costUsd: 1.5,
      more: 'gt why sh-1',
    })
    expect(first.agent).toMatch(/^shop\/polecats\//)
    expect(first.commit).toBe(named(`commit of ${named(`${first.agent}/sessions/1.1`)}`))
    // A receipt of before lines were counted.
    expect(recap.landed[1]?.lines).toBeNull()
  })

  test('[RECAP-5] gives what has not landed its one reason, in the words of gt why', () => {
    const why = Object.fromEntries(recap.notLanded.map(({ bead, reason }) => [bead, reason]))
    expect(Object.keys(why).sort()).toEqual(['sh-10', 'sh-11', 'sh-4', 'sh-5', 'sh-6', 'sh-7', 'sh-8'])
    expect(why['sh-4']).toMatch(/^waits for your decision: .*Which order\?/)
    expect(why['sh-5']).toMatch(/^waits for bead sh-4, which waits for your decision/)
    expect(why['sh-7']).toBe('waits for somebody to open it again: needs a release first')
    expect(why['sh-8']).toMatch(/^waits for your decision/)
    expect(why['sh-10']).toBe('taken from its agent: another way')
    expect(why['sh-11']).toBe('waits for your permission: May it run rm -rf node_modules')
    expect(recap.notLanded.find(({ bead }) => bead === 'sh-4')?.blocks).toBe(2)
  })

  test('[RECAP-1] tells what was closed otherwise, and nothing of what nobody handed over', () => {
    expect(recap.closed).toMatchObject([{ bead: 'sh-9', reason: 'not needed' }])
    expect(JSON.stringify(recap)).not.toContain('sh-12')
  })

  test('[RECAP-5] lists what waits for a person as gt status does', async () => {
    const { waitsForYou } = await night.ask('/v1/status')
    expect(recap.waitsForYou).toEqual(waitsForYou)
    expect(waitsForYou.length).toBeGreaterThan(2)
  })

  test('[RECAP-7] says what was red, since when and until when', () => {
    expect(recap.red).toMatchObject([{ kind: 'gate', rig: 'shop', what: 'test', beads: ['sh-2'] }])
    const [red] = recap.red
    expect(Date.parse(red?.until ?? '') - Date.parse(red?.since ?? '')).toBeGreaterThan(10 * MINUTE)
  })

  test('names the agents that began again or stand still, with the cause', () => {
    const of = (bead: string) => recap.agents.find((each) => each.bead === bead)
    expect(of('sh-3')).toMatchObject({
      restarts: 1,
      stuck: false,
      cause: 'its session ended: signal SIGKILL',
    })
    expect(of('sh-8')?.restarts).toBeGreaterThan(1)
    expect(of('sh-8')?.cause).toMatch(/^no new try after/)
    expect(of('sh-1')).toBeUndefined()
  })

  test('[RECAP-4] sums tokens and money as gt costs does, and what nobody knows as unknown', async () => {
    const costs = await night.ask('/v1/costs', { by: 'bead', since: String(recap.span.from.seq), top: 5 })
    expect(recap.costs.total).toEqual(costs.total)
    expect(recap.costs.items.map(({ title: _, ...item }) => item)).toEqual(costs.items)
    expect(recap.costs.items[0]).toMatchObject({ key: 'sh-4', costUsd: 9.25, title: 'Sort the cart' })
    expect(recap.costs.total).toMatchObject({ unpriced: 1, costUsd: 12 })
  })

  test('[RECAP-6] puts first what stands still longest with most behind it, then what was dear for nothing', () => {
    expect(recap.first.map(({ what, about }) => [what, about])).toEqual([
      ['stands', 'sh-4'],
      ['dear', 'sh-11'],
      // sh-7 was put off on purpose, and nothing waits for it.
      ['stands', 'sh-8'],
    ])
    expect(recap.first[0]?.text).toContain('2 beads behind it')
  })

  test('[RECAP-3] counts an hour without a daemon to nothing', () => {
    const { hours } = recap
    // Six runs of ten minutes, one of them of the base of what was red, and nine minutes for a turn.
    expect(hours.gates).toBe(69 * MINUTE)
    expect(hours.rework).toBe(16 * MINUTE)
    expect(hours.person).toBeGreaterThan(100 * MINUTE)
    expect(hours.working).toBeGreaterThan(60 * MINUTE)
    // At no moment is more counted than there are beads.
    const all = Object.values(hours).reduce((sum, ms) => sum + ms, 0)
    expect(all).toBeLessThanOrEqual(11 * recap.span.awakeMs)
  })
})

test('[RECAP-3] hours after a daemon that was killed are nobody’s, also before another one has said so', async () => {
  const short = await createNight()
  await short.create('sh-1', 'Fix the empty cart')
  await short.sling('sh-1')
  await short.pass(10 * MINUTE)
  await short.create('sh-2', 'The last that was recorded')
  await short.pass(8 * 60 * MINUTE)
  const said = {
    path: '/v1/recap',
    caller: { kind: 'operator', actor: 'overseer' } as const,
    params: {},
    query: {},
  }
  const { signal } = new AbortController()
  const alone = JSON.parse(await answerPast({ ...short.past, alone: true }, said, signal)) as Recap
  const watched = await short.recap()
  expect(watched.hours.working - alone.hours.working, 'with a daemon it has worked on').toBe(8 * 60 * MINUTE)
  expect(alone.hours.working).toBeGreaterThan(9 * MINUTE)
  expect(alone.hours.working).toBeLessThan(11 * MINUTE)
  await short.close()
})

test('before anything was, there was nothing to tell', async () => {
  const nothing = await night.recap({ at: '0' })
  expect(nothing).toMatchObject({ landed: [], notLanded: [], first: [], seq: 0 })
  expect((await night.recap({ since: '0', at: '3' })).span.from).toMatchObject({ seq: 0 })
  await expect(night.recap({ since: '3', at: '2' })).rejects.toMatchObject({ code: 'POSITION_INVALID' })
})

test('a time of day is the last one before the end that is asked for', async () => {
  const end = new Date(2027, 2, 1, 21, 30).toISOString()
  const { span } = await night.recap({ since: '20:40', at: end })
  expect(span.from.at).toBe(new Date(2027, 2, 1, 20, 40).toISOString())
  expect(span.to.at).toBe(end)
})

test('each command that it names is one that gt takes', async () => {
  const named = [...screen(recap as never, 80), ...markdown(recap as never)].flatMap((line) => {
    const [, command] = /(?:^|[ `])gt ((?:[^`…])+?)`?$/.exec(line) ?? []
    return command === undefined ? [] : [command]
  })
  expect(named.length).toBeGreaterThan(40)
  for (const command of new Set(named)) {
    const { name, rest } = commandNamed(command.split(' '))
    const known = await loadCommand(name)
    expect(() => parseCommandLine(known, rest), command).not.toThrow()
    const { words } = parseCommandLine(known, rest)
    expect(words.length, command).toBeGreaterThanOrEqual(known.words[0])
  }
})

describe('two recaps in a row', () => {
  const landings = ({ landed }: Recap) => landed.map(({ bead, commit, lines }) => ({ bead, commit, lines }))

  test('[RECAP-2] have landed together what one of both has, wherever the night is cut', async () => {
    const { from, to } = recap.span
    for (const cut of cuts) {
      const before = await night.recap({ since: String(from.seq), at: String(cut) })
      const after = await night.recap({ since: String(cut), at: String(to.seq) })
      const whole = await night.recap({ since: String(from.seq), at: String(to.seq) })
      expect([...landings(before), ...landings(after)], `cut at ${cut}`).toEqual(landings(whole))
      for (const kind of ['place', 'working', 'person', 'gates', 'rework', 'other'] as const)
        expect(before.hours[kind] + after.hours[kind], `${kind}, cut at ${cut}`).toBe(whole.hours[kind])
      expect(before.span.awakeMs + after.span.awakeMs).toBe(whole.span.awakeMs)
    }
  })
})

test('what stands still is one sentence, however its reason ends', () => {
  const row = {
    bead: 'sh-1',
    reason: 'waits for nux to mend it: test failed.',
    kind: 'redGate',
    since: 'T',
    more: '',
  }
  const text = (blocks: number) =>
    lookFirst({ notLanded: [{ ...row, blocks } as NotLanded], waits: [], red: [], costs: [], now: 'T' })[0]
      ?.text
  expect(text(0)).toBe('waits for nux to mend it: test failed.')
  expect(text(2)).toBe('waits for nux to mend it: test failed, and 2 beads behind it')
})
