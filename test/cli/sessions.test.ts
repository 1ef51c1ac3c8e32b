// What gt says of sessions: those that are over, those that hand over, and those that wait for a person.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Heard } from '../../src/events/hearing.ts'
import type { Message } from '../../src/events/index.ts'
import { FIRST_SESSION } from '../api/town.ts'
import { type CliTown, createCliTown, gt, sessionEnv } from './town.ts'

let town: CliTown
let bead: string
beforeEach(async () => {
  town = await createCliTown()
  bead = await town.bead('Fix the cart')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
})
afterEach(() => town.close())

let told = 0
const tell = (message: Message) =>
  town.town.system.take({ id: `t-${++told}`, by: 'host', messages: [{ to: FIRST_SESSION, message }] })
const hear = (heard: Heard) => tell({ type: 'session.heard', heard, activity: null })
const READY: Heard = {
  kind: 'ready',
  via: 'hook',
  source: 'startup',
  runtimeSession: null,
  transcript: null,
  model: null,
}
const exits = () => tell({ type: 'session.exited', ending: { kind: 'exited', exitCode: 0 } })

test('a note to hand over is read from a file beside the agent, and the next session has it', async () => {
  const { dir } = town.folder
  const inSession = (...argv: string[]) => gt(argv, { env: sessionEnv(town.folder), cwd: dir })
  writeFileSync(join(dir, 'note.md'), 'The cart is half done.\nLook at total().\n')
  expect(await inSession('handoff', 'a note', '--file', 'note.md')).toMatchObject({ code: 2, out: '' })
  const missing = await inSession('handoff', '--file', 'nowhere.md', '--json')
  expect([missing.code, JSON.parse(missing.err).error.code]).toEqual([1, 'INPUT_INVALID'])
  const { code, out } = await inSession('handoff', '--file', 'note.md')
  expect([code, out]).toEqual([
    0,
    `${bead} goes on in a fresh session, which reads your note first. This one ends now.\n`,
  ])
  await exits()
  const { facts } = await handedOver()
  expect(facts.note).toBe('The cart is half done.\nLook at total().\n')
})

async function handedOver() {
  await expect
    .poll(() => town.town.system.owner('shop/polecats/nux/sandboxes/1')?.context.session)
    .toBe('shop/polecats/nux/sessions/1.2')
  const context = town.town.system.owner('shop/polecats/nux/sandboxes/1')?.context
  return { facts: context?.handoff as { readonly note: string } }
}

test('gt seance lists each session with its bead, how it ended, and whether it can be asked', async () => {
  const lines = async () => (await town.gt('seance', 'nux')).out.trimEnd().split('\n')
  const [head, first] = await lines()
  expect(head?.split(/ {2,}/)).toEqual(['SESSION', 'BEAD', 'ENDED', 'TURNS', 'TOKENS', 'COST', 'ASK'])
  expect(first?.split(/ {2,}/)).toEqual([FIRST_SESSION, bead, 'works', '0', '0', 'unknown', 'reads'])
  await exits()
  await expect.poll(async () => (await lines()).length).toBe(3)
  expect((await lines()).find((line) => line.startsWith(FIRST_SESSION))).toMatch(/ 0s exit/)
  expect((await town.gt('seance', 'nux', '--limit', '1', '-q')).out).toBe('shop/polecats/nux/sessions/1.2\n')
  expect((await town.gt('seance', 'witness')).out).toBe('There was none yet.\n')
})

test('[P6] a dialog that stands open, and that nobody is asked about, is among what waits for a person', async () => {
  const waits = async () => JSON.parse((await town.gt('status', '--json')).out).waitsForYou as object[]
  await hear(READY)
  expect(await waits()).toEqual([])
  await hear({ kind: 'asks', via: 'hook', what: 'other', tool: '', message: 'Enable auto-update?' })
  expect(await waits()).toMatchObject([
    {
      code: 'AGENT_SHOWS_A_DIALOG',
      id: 'shop/polecats/nux',
      bead,
      rig: 'shop',
      what: 'nux shows a dialog: Enable auto-update?',
      next: 'gt attach shop/polecats/nux',
    },
  ])
  const { code, out } = await town.gt('status')
  expect([code, out.includes('nux shows a dialog: Enable auto-update?')]).toEqual([1, true])
})

test('an agent whose model its program does not know waits for another model, and not for a word', async () => {
  await hear(READY)
  await hear({
    kind: 'stuck',
    via: 'hook',
    name: 'modelUnknown',
    message: 'There is an issue with the model.',
  })
  const { waitsForYou } = JSON.parse((await town.gt('status', '--json')).out)
  expect(waitsForYou).toMatchObject([
    {
      code: 'AGENT_RESTS',
      next: 'gt config set agents.mine.model <model>, then gt stop shop/polecats/nux and gt start shop/polecats/nux',
    },
  ])
})

test('gt polecat show says on one line what it has done so far', async () => {
  const { out } = await town.gt('polecat', 'show', 'nux')
  expect(out).toContain('  CV: 1 bead, 0 landed, 0 tokens, cost unknown\n')
  expect(JSON.parse((await town.gt('polecat', 'show', 'nux', '--json')).out).cv).toMatchObject({
    n: 1,
    merged: 0,
  })
  expect((await town.gt('polecat', 'show', 'witness')).out).not.toContain('CV:')
})
