import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Message } from '../../src/events/index.ts'
import { BEAD, COMMIT, gateResult, MERGE_REQUEST, message } from '../support/messages.ts'
import { type CliTown, createCliTown } from './town.ts'

let town: CliTown
beforeEach(async () => {
  town = await createCliTown()
})
afterEach(() => town.close())

let turns = 0
async function tells(to: string, ...messages: Message[]): Promise<void> {
  for (const each of messages) {
    turns += 1
    const said = { id: `t-${turns}`, by: 'worker', messages: [{ to, message: each }] }
    expect(await town.town.system.take(said, { settled: true })).toMatchObject({ accepted: true })
  }
}
const hears = (...messages: Message[]) => tells('shop/refinery', ...messages)
const ready = message('MERGE_READY')
const built = message('merge.built')
const green = message('gates.ran', { results: [gateResult('passed')] })
const of = (bead: string, n: number): Message => ({
  ...ready,
  bead,
  sandbox: `shop/polecats/nux/sandboxes/${n}`,
})
const made = (bead: string, priority: number, needs: string[] = []) =>
  tells(`beads/${bead}`, message('bead.create', { title: `Do ${bead}`, priority, needs }))

test('gt mq next says who lands next, why others wait, and the sum term by term', async () => {
  for (const [bead, priority, needs] of [
    [BEAD, 2, []],
    ['sh-2', 2, []],
    ['sh-3', 0, []],
    ['sh-4', 0, ['sh-2']],
  ] as const)
    await made(bead, priority, [...needs])
  await hears(message('refinery.bead', { bead: 'sh-3', priority: 0, needs: [] }))
  await hears(message('refinery.bead', { bead: 'sh-4', priority: 0, needs: ['sh-2'] }))
  await hears(of(BEAD, 1), of('sh-2', 2), of('sh-3', 3), of('sh-4', 4))
  const { out } = await town.gt('mq', 'next')
  expect(out).toContain('mr-1: sh-1 is being built.')
  expect(out).toContain('Next is mr-3: sh-3 Do sh-3')
  expect(out).toContain('mr-4: sh-4 waits: It needs sh-2, which is in the queue as mr-2.')
  const explained = (await town.gt('mq', 'next', 'shop', '--explain')).out
  expect(explained).toContain('the highest sum lands first')
  expect(explained).toMatch(/1 +mr-3 +sh-3 +1400 +1000 +0 +\+400 +0 +0 +0/)
  expect(explained).toMatch(/3 +mr-2 +sh-2 +1200 +1000 +0 +\+200/)
  const at = String(town.town.system.seq)
  const asked = JSON.parse((await town.gt('mq', 'next', '--json', '--at', at)).out)
  expect(asked).toMatchObject({ order: 'score', next: { id: 'mr-3', sum: { score: 1_400 } } })
  // What is said is what the Refinery does.
  await hears(built)
  expect(town.town.system.owner('shop/refinery')?.context.current).toBe('shop/merge-requests/mr-3')
  await town.gt('config', 'set', 'mq.order', 'fifo', '--rig', 'shop')
  expect((await town.gt('mq', 'next', '--explain')).out).toContain('lined up as they came')
})

test('gt mq reject takes work out of the queue with the reason, and an agent cannot', async () => {
  await made(BEAD, 2)
  await hears(ready)
  expect((await town.gtInSession('mq', 'reject', BEAD)).code).not.toBe(0)
  const rejected = await town.gt('mq', 'reject', BEAD, '--reason', 'not wanted')
  expect(rejected).toMatchObject({ code: 0, err: '' })
  expect(rejected.out).toContain('mr-1 is out of the queue: sh-1 is open again')
  expect((await town.gt('mq', 'show', 'mr-1')).out).toMatch(/rejected.*\n.*\n +rejected: not wanted/)
  expect((await town.gt('mq', 'reject', 'mr-1', '--json')).err).toContain('NOT_IN_QUEUE')
  expect((await town.gt('feed')).out).toContain('is rejected: not wanted')
})

test('gt mq revert names what stands on it, and what it reverted says so when that has landed', async () => {
  await made(BEAD, 2)
  await made('sh-5', 2, [BEAD])
  await tells(`beads/${BEAD}`, message('bead.neededBy', { bead: 'sh-5' }))
  await hears(ready, built)
  expect((await town.gt('mq', 'revert', BEAD, '--json')).err).toContain('NOT_LANDED')
  await hears(green, message('target.advanced'))
  const asked = await town.gt('mq', 'revert', COMMIT.slice(0, 9), '--reason', 'it breaks the checkout')
  expect(asked).toMatchObject({ code: 0, err: '' })
  expect(asked.out).toBe(`mr-2 takes ${BEAD} out of main: gt mq show mr-2\nThen these wait again: sh-5\n`)
  expect((await town.gt('mq', 'revert', 'mr-1', '--json')).err).toContain('REVERT_QUEUED')
  const mergeRequest = MERGE_REQUEST.replace('mr-1', 'mr-2')
  const again = { ...built, mergeRequest, commit: 'e'.repeat(40), head: 'f'.repeat(40) }
  await hears(again, { ...green, mergeRequest }, { ...message('target.advanced'), mergeRequest })
  const { items } = (await town.get('/v1/merge-queue')).body
  expect(items).toMatchObject([
    { id: 'mr-1', state: 'reverted', revertedBy: { mergeRequest, reason: 'it breaks the checkout' } },
    { id: 'mr-2', state: 'landed', reverts: [{ bead: BEAD, commit: COMMIT }] },
  ])
  const bead = (await town.get(`/v1/beads/${BEAD}`)).body
  expect(bead).toMatchObject({ status: 'open', commit: null })
  expect((await town.get('/v1/beads/sh-5')).body).toMatchObject({ openNeeds: [BEAD] })
  expect((await town.gt('why', BEAD)).out).toContain('it is open again: taken back: it breaks the checkout')
  expect((await town.gt('mq', 'revert', 'mr-1', '--json')).err).toContain('ALREADY_REVERTED')
  expect((await town.gt('mq', 'revert', 'mr-2', '--json')).err).toContain('REVERT_OF_REVERT')
})

test('[REFINERY-96] gt mq revert takes back all of one push, of an epic or since a moment, in one request; --dry-run only says so', async () => {
  const none = String(town.town.system.seq)
  await tells('beads/sh-9', message('bead.create', { title: 'All of it', beadType: 'epic' }))
  await tells(`beads/${BEAD}`, message('bead.create', { title: 'Do one', parent: 'sh-9' }))
  await made('sh-2', 2)
  await made('sh-5', 2, [BEAD])
  await tells(`beads/${BEAD}`, message('bead.neededBy', { bead: 'sh-5' }))
  await hears(ready, of('sh-2', 2), built)
  const second = {
    mergeRequest: MERGE_REQUEST.replace('mr-1', 'mr-2'),
    commit: '2'.repeat(40),
    tree: '3'.repeat(40),
  }
  await hears({ ...built, ...second, base: COMMIT })
  await hears({ ...green, mergeRequest: second.mergeRequest, tree: second.tree })
  const parts = [MERGE_REQUEST, second.mergeRequest].map((mergeRequest) => ({
    mergeRequest,
    patchId: 'p',
    proof: 'p',
  }))
  await hears({
    ...message('target.advanced'),
    mergeRequest: second.mergeRequest,
    head: second.commit,
    parts,
  })
  const revert = (...args: string[]) => town.gt('mq', 'revert', ...args)
  const both = (await revert(BEAD, '--batch', '--dry-run')).out
  expect(both.split('\n').slice(0, 3)).toEqual([
    '2 landings would be taken out of main of shop, newest first:',
    expect.stringMatching(/^ {2}mr-2 {2}sh-2 {2}2{10} .* Do sh-2$/),
    expect.stringMatching(/^ {2}mr-1 {2}sh-1 .* Do one$/),
  ])
  expect(both).toContain('Then these wait again: sh-5')
  const ids = async (...args: string[]) =>
    (await revert(...args, '--dry-run', '-q')).out.split('\n').filter(Boolean)
  expect(await ids('--since', none)).toEqual(['mr-2', 'mr-1'])
  expect(await ids('--epic', 'sh-9')).toEqual(['mr-1'])
  expect(await ids('sh-2', '--epic', 'sh-9')).toEqual(['mr-2', 'mr-1'])
  const refused = async (...args: string[]) => (await revert(...args, '--json')).err
  expect(await refused('--since', String(town.town.system.seq))).toContain('NOTHING_TO_REVERT')
  expect(await refused('--epic', 'sh-5')).toContain('NOTHING_TO_REVERT')
  expect(await refused()).toContain('INPUT_INVALID')
  expect((await town.get('/v1/merge-queue')).body.items).toHaveLength(2)

  const asked = await revert('sh-2', '--batch', '--reason', 'it breaks')
  expect(asked).toMatchObject({ code: 0, err: '' })
  expect(asked.out).toMatch(/^mr-3 takes sh-2, sh-1 out of main: gt mq show mr-3\n/)
  const third = MERGE_REQUEST.replace('mr-1', 'mr-3')
  await hears({ ...built, mergeRequest: third, commit: 'e'.repeat(40), head: 'f'.repeat(40) })
  await hears({ ...green, mergeRequest: third }, { ...message('target.advanced'), mergeRequest: third })
  for (const bead of [BEAD, 'sh-2'])
    expect((await town.get(`/v1/beads/${bead}`)).body).toMatchObject({ status: 'open', commit: null })
  expect((await town.get('/v1/beads/sh-5')).body).toMatchObject({ openNeeds: [BEAD] })
  expect((await town.gt('mq', 'receipt', 'mr-3')).out).toMatch(
    /takes back sh-2, landed as 2{10} \(mr-2\)\n {2}takes back sh-1, /,
  )
  // What took something back is not taken back, and what it took back is not there any more.
  expect(await refused('--since', none)).toContain('NOTHING_TO_REVERT')
})
