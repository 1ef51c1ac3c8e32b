import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HEAD } from '../api/town.ts'
import { type CliTown, createCliTown } from './town.ts'

let town: CliTown
beforeEach(async () => {
  town = await createCliTown()
})
afterEach(() => town.close())

test('what makes something prints its id alone; with --json the seq too', async () => {
  const made = await town.gt('bead', 'create', 'Fix the cart')
  expect(made).toMatchObject({ code: 0, err: '' })
  expect(made.out).toMatch(/^sh-[a-z0-9]+\n$/)
  const json = await town.gt(
    'bead',
    'create',
    'Another',
    '--json',
    '--label',
    'a,b',
    '--label',
    'c',
    '--priority',
    '0',
  )
  expect(JSON.parse(json.out)).toMatchObject({ id: expect.any(String), seq: expect.any(Number) })
  const [first] = JSON.parse((await town.gt('bead', 'list', '--json')).out)
  expect(first).toMatchObject({
    title: 'Another',
    labels: ['a', 'b', 'c'],
    priority: 0,
    status: 'open',
    stage: 'none',
  })
})

test('-q prints ids alone, so that they can be handed on', async () => {
  const ids = [await town.bead('a'), await town.bead('b')]
  expect((await town.gt('bead', 'ready', '-q')).out).toBe(`${ids.join('\n')}\n`)
})

test('sling says who has what, and exits 1 when anything was refused', async () => {
  const a = await town.bead('a')
  const b = await town.bead('b', { needs: [a] })
  const { code, out, err } = await town.gt('sling', b, a, 'sh-nope')
  expect(code).toBe(1)
  expect(out).toBe(`${a} goes to shop/polecats/nux.\n${b} waits for ${a}.\n`)
  expect(err).toMatch(/^gt: There is no bead sh-nope\.\n {4}gt bead list/)
})

test('the last word of sling may be a rig or a worker', async () => {
  const a = await town.bead('a')
  const b = await town.bead('b')
  expect(JSON.parse((await town.gt('sling', a, 'shop', '--json')).out).slung).toHaveLength(1)
  const waits = JSON.parse((await town.gt('sling', b, 'shop/nux', '--json')).out)
  expect(waits.queued).toMatchObject([{ bead: b, waitingFor: { kind: 'place', id: 'shop/polecats/nux' } }])
})

test('--wait ends when the bead is there, and with 124 when the time is over', async () => {
  const a = await town.bead('a')
  expect((await town.gt('sling', a, '--wait=started', '--timeout', '10s')).code).toBe(0)
  const late = await town.gt('wait', a, '--timeout', '50ms', '--json')
  expect(late.code).toBe(124)
  expect(JSON.parse(late.err).error.code).toBe('TIMED_OUT')
})

test('a wait for a landing ends with 1 when the bead comes to need a person', async () => {
  const a = await town.bead('a')
  await town.gt('sling', a)
  await town.working(a)
  const waiting = town.gt('wait', a)
  await town.gtInSession('done', '--status', 'ESCALATED', '--note', 'Which tax?')
  expect(await waiting).toMatchObject({
    code: 1,
    out: `${a} did not get there: it is blocked (Which tax?).\n`,
  })
})

describe('status', () => {
  test('fits 80 columns whatever the names are, and exits 1 when a person is needed', async () => {
    const a = await town.bead(`Fix ${'very '.repeat(40)}long \u001b[31mthing 漢字`)
    await town.gt('sling', a)
    await town.working(a)
    const before = await town.gt('status')
    expect(before.code).toBe(0)
    expect(before.out).toContain(a)
    await town.gtInSession('done', '--status', 'ESCALATED', '--note', 'Which tax? '.repeat(30))
    const after = await town.gt('status')
    expect(after.code).toBe(1)
    expect(after.out).toContain('WAITS FOR YOU: 1')
    for (const line of `${before.out}${after.out}`.split('\n')) {
      expect(line.length).toBeLessThanOrEqual(80)
      expect(line).not.toContain('\u001b')
    }
  })

  test('[P4] shows the past as it was', async () => {
    const { seq } = town.town.system
    await town.bead('later')
    expect(JSON.parse((await town.gt('status', '--at', String(seq), '--json')).out)).toMatchObject({
      seq,
      work: { total: 0 },
    })
    const before = (await town.gt('status', '--at', '-15m')).out
    expect(before).toContain('before it was made')
    expect(before).toContain('No rig (project) yet')
  })
})

test('text of agents cannot act on the terminal', async () => {
  const a = await town.bead('x\u009b2Jy\u202ez')
  await town.command('bead.comment', { bead: a, text: 'one\n\u001b]0;title\u0007two' })
  const { out } = await town.gt('bead', 'show', a)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
  expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  expect(out).toContain('two')
})

test('settings are set by words and shown as they are', async () => {
  expect((await town.gt('rig', 'config', 'shop', 'limits.polecats', '2')).code).toBe(0)
  expect((await town.gt('config', 'get', 'limits.polecats', '--rig', 'shop')).out).toBe('2\n')
  expect(
    (await town.gt('config', 'set', 'gates.lint', '{"command":["npm","run","lint"]}', '--rig', 'shop')).code,
  ).toBe(0)
  expect((await town.gt('rig', 'config', 'shop')).out).toContain(
    'gates.lint = {"command":["npm","run","lint"]',
  )
  expect((await town.gt('config', 'set', 'nonsense', '1')).code).toBe(1)
})

test('--follow prints one document a line and stops when it is told to', async () => {
  await town.bead('one')
  const lines = JSON.parse((await town.gt('feed', '--json')).out)
  expect(lines.at(-1)).toMatchObject({
    seq: expect.any(Number),
    at: expect.any(String),
    type: 'BeadCreated',
    summary: expect.any(String),
  })
})

test('inside a session gt does what is for agents and refuses what is for a person', async () => {
  const a = await town.bead('a')
  await town.gt('sling', a)
  await town.working(a)
  expect(JSON.parse((await town.gtInSession('hook', '--json')).out).bead.id).toBe(a)
  expect((await town.gtInSession('prime')).out).toContain(`# ${a}: a`)
  expect((await town.gtInSession('prime')).out).not.toContain('were kept')
  const kept = { ref: 'refs/gt/checkpoints/x', commit: HEAD, files: 2, changed: 3 }
  const message = { type: 'sandbox.checkpointed', ...kept } as const
  const messages = [{ to: 'shop/polecats/nux/sandboxes/1', message }]
  await town.town.system.take({ id: 'kept', by: 'worker', messages })
  expect((await town.gtInSession('prime')).out).toMatch(
    new RegExp(
      `^Its files were kept at \\d\\d:\\d\\d.*: git diff HEAD ${HEAD} shows what was not committed then.$`,
      'm',
    ),
  )
  const { checkpoint } = JSON.parse((await town.gtInSession('prime', '--json')).out)
  expect(checkpoint).toMatchObject({ id: 'shop.nux.1', commit: HEAD, files: 2, at: expect.any(String) })
  expect((await town.gtInSession('report', 'progress', 'half way')).code).toBe(0)
  for (const argv of [
    ['up'],
    ['down'],
    ['restart'],
    ['install', '/x'],
    ['log', 'verify'],
    ['status'],
    ['bead', 'create', 'x'],
  ]) {
    const { code, err } = await town.gtInSession(...argv, '--json')
    expect([argv[0], code, JSON.parse(err).error.code]).toEqual([argv[0], 1, 'FORBIDDEN'])
  }
})
