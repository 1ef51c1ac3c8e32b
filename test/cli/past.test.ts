// gt history, gt diff, gt why: what a person reads.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FIRST_SESSION, tokenOf } from '../api/town.ts'
import { type CliTown, createCliTown } from './town.ts'

const SESSION = tokenOf(FIRST_SESSION)

let town: CliTown
beforeEach(async () => {
  town = await createCliTown()
})
afterEach(() => town.close())

const told = (out: string): string[] =>
  out
    .trimEnd()
    .split('\n')
    // Without the record's number and the time.
    .map((line) => line.replace(/^ *\d+ {2}(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d {2}/, ''))

describe('[P4] gt history', () => {
  test('says of each step from where to where, by what and whom, and why', async () => {
    const bead = await town.bead('one')
    const other = await town.bead('two', { needs: [bead] })
    await town.command('bead.close', { bead, reason: 'not needed' })
    const { code, out } = await town.gt('history', bead)
    expect(code).toBe(0)
    expect(told(out)).toEqual([
      `- > open  bead.create by overseer: bead ${bead} is made: one`,
      `open > closed  bead.close by overseer: bead ${bead} is closed: not needed`,
    ])
    const all = told((await town.gt('history', bead, '--all')).out)
    expect(all).toContainEqual(expect.stringContaining(`beads/${other}  `))
    expect(all.length).toBeGreaterThan(2)
  })

  test('shows the last ones, and how the others are seen', async () => {
    const bead = await town.bead('one')
    for (let n = 1; n <= 4; n += 1) await town.command('bead.comment', { bead, text: `comment ${n}` })
    const { out } = await town.gt('history', bead, '-n', '2')
    expect(told(out)).toEqual([
      `… 3 earlier: gt history ${bead} -n 5`,
      expect.stringContaining('comment 3'),
      expect.stringContaining('comment 4'),
    ])
    const { seq } = town.town.system
    expect(told((await town.gt('history', bead, '--at', String(seq - 1))).out).at(-1)).toContain('comment 3')
    const whole = JSON.parse((await town.gt('history', bead, '--json')).out)
    expect(whole).toHaveLength(5)
    expect(whole[0]).toMatchObject({ from: null, to: 'open', by: 'overseer', reason: null })
  })

  test.each([
    ['sh-nothing', 'BEAD_NOT_FOUND'],
    ['beads/sh-nothing', 'BEAD_NOT_FOUND'],
    ['shop/polecats/nobody', 'AGENT_NOT_FOUND'],
    ['shop/polecats/nobody/sessions/1.1', 'SESSION_NOT_FOUND'],
    ['shop/merge-requests/mr-9', 'MERGE_REQUEST_NOT_FOUND'],
    ['d-nothing', 'DECISION_NOT_FOUND'],
    ['p-nothing', 'PLAN_NOT_FOUND'],
    ['rigs/nowhere', 'RIG_NOT_FOUND'],
    ['nobody/at/all', 'NO_SUCH_OWNER'],
  ])('%s was never there: %s', async (name, code) => {
    const { code: exit, err } = await town.gt('history', name, '--json')
    expect(exit).toBe(1)
    expect(JSON.parse(err).error).toMatchObject({ code, remedy: expect.stringMatching(/./) })
  })

  test('an id with a slip in it is answered with the one that was meant', async () => {
    const bead = await town.bead('one')
    const swapped = bead.replace(/(.)(.)$/, '$2$1')
    for (const slip of [swapped, `${bead}x`, bead.replace('sh-', 's-')]) {
      const { code, err } = await town.gt('history', slip)
      expect([code, err], slip).toEqual([1, expect.stringContaining(`Was ${bead} meant?`)])
    }
  })

  test('what an agent says cannot act on the terminal', async () => {
    const bead = await town.bead('one')
    await town.command('bead.comment', { bead, text: 'red \u001b[31m and \u202e back' })
    for (const command of [
      ['history', bead, '--all'],
      ['why', bead, '--all'],
      ['diff', '0'],
    ]) {
      const { out } = await town.gt(...command)
      expect(out).not.toContain('\u001b')
      expect(out).not.toContain('\u202e')
    }
  })
})

describe('[P4] gt diff', () => {
  test('tells what is new, what changed from what to what, and nothing beyond the second moment', async () => {
    const one = await town.bead('one')
    const from = town.town.system.seq
    const two = await town.bead('two')
    await town.command('bead.close', { bead: one, reason: 'not needed' })
    const to = town.town.system.seq
    await town.bead('three')
    const { code, out } = await town.gt('diff', String(from), String(to))
    expect(code).toBe(0)
    expect(out).toMatch(new RegExp(`^From record ${from} \\(.*\\) to record ${to} \\(.*\\): 2 records\\.`))
    expect(out).toContain(`  + ${two}  two  (open)`)
    expect(out).toContain(`  ~ ${one}  status open > closed, closeReason - > not needed`)
    expect(out).not.toContain('three')
    const whole = JSON.parse((await town.gt('diff', String(from), String(to), '--json')).out)
    expect(whole.rows['beads.byId']).toContainEqual({
      key: one,
      change: 'changed',
      fields: expect.objectContaining({ status: { before: 'open', after: 'closed' } }),
    })
    expect(whole.actors).toContainEqual(
      expect.objectContaining({ address: `beads/${one}`, from: 'open', to: 'closed', records: 1 }),
    )
    const of = JSON.parse((await town.gt('diff', String(from), String(to), '--bead', two, '--json')).out)
    expect(of.rows['beads.byId'].map(({ key }: { key: string }) => key)).toEqual([two])
    expect(of.actors.map(({ address }: { address: string }) => address)).toEqual([`beads/${two}`])
  })

  test('two moments with nothing between them differ in nothing', async () => {
    await town.bead('one')
    const { out } = await town.gt('diff', '0s', '--json')
    expect(JSON.parse(out)).toMatchObject({ records: 0, rows: {}, actors: [] })
  })

  test.each([
    [['9', '3'], 'POSITION_INVALID'],
    [['soon'], 'POSITION_INVALID'],
    [['1', '99999'], 'POSITION_IN_FUTURE'],
    [['1', '--rig', 'nowhere'], 'RIG_NOT_FOUND'],
    [['1', '--bead', 'sh-nothing'], 'BEAD_NOT_FOUND'],
  ])('gt diff %j is refused with %s', async (words, code) => {
    while (town.town.system.seq < 10) await town.bead('more')
    const { code: exit, err } = await town.gt('diff', ...words, '--json')
    expect(exit).toBe(1)
    expect(JSON.parse(err).error.code).toBe(code)
  })
})

describe('[P3] gt why', () => {
  test('is a tree in plain words from what a person said, and ends with what it waits for and what helps', async () => {
    const bead = await town.bead('Fix the cart')
    const { code, out } = await town.gt('why', bead)
    expect(code).toBe(0)
    expect(told(out)).toEqual([
      `${bead}  Fix the cart  (open)`,
      'you: it is made: Fix the cart',
      expect.stringMatching(
        /^It waits for somebody to hand it over since .*: nobody has slung it\. What helps: gt sling /,
      ),
    ])
    await town.command('sling', { beads: [bead] })
    await town.working(bead)
    const lines = told((await town.gt('why', bead)).out)
    expect(lines[0]).toBe(`${bead}  Fix the cart  (working)`)
    expect(lines).toContain('you: it is queued in rig shop')
    expect(lines).toContain('  polecat nux takes it')
    expect(lines).toContain('    polecat nux works on it')
    expect(lines.at(-1)).toMatch(/^… \d+ records say no more: gt why .* --all$/)
    const all = told((await town.gt('why', bead, '--all')).out)
    expect(all.length).toBeGreaterThan(lines.length + 3)
    // What was then is what was known then.
    const { seq } = JSON.parse((await town.gt('history', bead, '--json')).out)[0]
    expect(told((await town.gt('why', bead, '--at', String(seq))).out)).toHaveLength(3)
  })

  test('an agent is asked by its name, a session’s record goes back to the person who ordered it', async () => {
    const bead = await town.bead('one')
    await town.command('sling', { beads: [bead] })
    await town.working(bead)
    expect((await town.gt('why', 'nux')).out).toContain(`${bead}  one  (working)`)
    const said = (await town.command('report', { type: 'note', data: { text: 'hm' } }, SESSION)).body
    const { chain } = JSON.parse((await town.gt('why', String(said.seq), '--json')).out)
    expect(chain[0]).toMatchObject({ by: 'overseer', message: 'bead.queue' })
    expect(chain.at(-1)).toMatchObject({ seq: said.seq })
    const { out } = await town.gt('why', String(said.seq))
    expect(out).toContain('It was led to by:')
  })

  test.each([
    ['sh-nothing', 'BEAD_NOT_FOUND'],
    ['99999', 'RECORD_NOT_FOUND'],
    ['0', 'RECORD_NOT_FOUND'],
    ['abcdef0', 'COMMIT_NOT_LANDED'],
    ['d-nothing', 'NO_SUCH_OWNER'],
    ['src/cart.ts:41', 'LINE_NOT_FOUND'],
  ])('%s: %s', async (name, code) => {
    const { code: exit, err } = await town.gt('why', name, '--json')
    expect(exit).toBe(1)
    expect(JSON.parse(err).error.code).toBe(code)
  })

  test('a line that gt did not land says so in one sentence', async () => {
    const { code, out } = await town.gt('why', 'src/cart.ts:7')
    expect(code).toBe(0)
    expect(told(out)).toEqual([
      'src/cart.ts:7 on main: const total = sum(items)',
      expect.stringMatching(/^It is of commit cccccccccccc by Ada, /),
      'gt did not land it: "Sum the cart" came to main another way.',
    ])
    expect((await town.gt('why', 'src/cart.ts:7', '--rig', 'nowhere', '--json')).err).toContain(
      'RIG_NOT_FOUND',
    )
  })

  test('--cost of what used nothing, and of what has no costs', async () => {
    const bead = await town.bead('one')
    expect(told((await town.gt('why', bead, '--cost')).out)).toEqual([
      `Nothing is known to have been used by ${bead}; 0 sessions.`,
    ])
    expect((await town.gt('why', 'shop', '--cost', '--json')).err).toContain('INPUT_INVALID')
  })

  test('--cost equals gt costs of the same thing', async () => {
    const bead = await town.bead('one')
    await town.command('sling', { beads: [bead] })
    await town.working(bead)
    for (const [inputTokens, costUsd] of [
      [1_000, 0.5],
      [3_000, 1.25],
      [10, undefined],
    ])
      await town.command(
        'report',
        { type: 'usage', data: { model: 'm', inputTokens, outputTokens: 5, costUsd } },
        SESSION,
      )
    const spent = JSON.parse((await town.gt('why', bead, '--cost', '--json')).out)
    const costs = JSON.parse((await town.gt('costs', '--by', 'bead', '--json')).out)
    const { tokens, costUsd, requests, unpriced } = costs.items[0]
    expect(spent.cost).toEqual({ tokens, costUsd, requests, unpriced })
    expect(spent).toMatchObject({ cost: { costUsd: 1.75, unpriced: 1 }, restarts: 0 })
    expect((await town.gt('why', bead, '--cost')).out).toContain('first try')
  })
})

describe('[P4] gt play', () => {
  test.each([
    [['--from', '3', '--to', '2'], 'POSITION_INVALID'],
    [['--from', '99999'], 'POSITION_IN_FUTURE'],
    [['--to', '99999'], 'POSITION_IN_FUTURE'],
    [['--from', 'soon'], 'POSITION_INVALID'],
    [['--screen', 'nobody'], 'AGENT_NOT_FOUND'],
  ])('%j is refused with %s', async (words, code) => {
    await town.bead('one')
    const { code: exit, out, err } = await town.gt('play', ...words, '--json')
    expect([exit, out]).toEqual([1, ''])
    expect(JSON.parse(err).error).toMatchObject({ code, remedy: expect.stringMatching(/./) })
  })
})
