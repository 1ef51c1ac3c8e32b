import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FAULTS, type FaultCode } from '../../src/events/faults.ts'
import { FIRST_WORDS } from '../../src/events/words.ts'
import { type CliTown, createCliTown, gt } from './town.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** Nouns of our own beyond the five. On the way to a first landing nobody has to know one of them. */
const FORBIDDEN =
  /\b(mayors?|deacons?|witness(?:es)?|overseer|sandbox(?:es)?|convoys?|molecules?|mol|wisps?|formulas?|protomolecules?|hooks?|hooked|dogs?|boot|crew|seance|handoff|nudges?|escalations?|epics?|swarms?|merge requests?|dispatch)\b/i

/** Faults that a new user may meet between `npm ci` and the first landing. */
const ON_THE_WAY: readonly FaultCode[] = [
  'NO_TOWN',
  'TOWN_NOT_CHOSEN',
  'TOWN_EXISTS',
  'FOLDER_NOT_EMPTY',
  'SOCKET_PATH_TOO_LONG',
  'DAEMON_DOWN',
  'DAEMON_NOT_STARTED',
  'TOWN_BUSY',
  'USAGE',
  'NOT_A_REPOSITORY',
  'REPOSITORY_EMPTY',
  'TARGET_NOT_FOUND',
  'REMOTE_UNREACHABLE',
  'REMOTE_HAS_NO_ORIGIN',
  'RIG_EXISTS',
  'RIG_NOT_FOUND',
  'RIG_NOT_CHOSEN',
  'NAME_INVALID',
  'SETTING_UNKNOWN',
  'SETTING_INVALID',
  'BEAD_NOT_FOUND',
  'BEAD_CLOSED',
  'BEAD_HOOKED',
  'BEAD_QUEUED',
  'BEAD_BLOCKED',
  'AGENT_NOT_CHOSEN',
  'AGENT_UNKNOWN',
  'AGENT_NOT_FOUND',
  'RIG_HAS_NO_GATE',
  'TARGET_CHECKED_OUT_DIRTY',
  'INPUT_INVALID',
  'NOT_IN_A_SESSION',
]

let town: CliTown
beforeEach(async () => {
  town = await createCliTown({ rig: false })
})
afterEach(() => town.close())

test('there are five words to learn, each with a plain one', () => {
  expect(FIRST_WORDS.map(({ word }) => word)).toEqual(['town', 'rig', 'bead', 'polecat', 'Refinery'])
  for (const { plain } of FIRST_WORDS) expect(plain).not.toMatch(FORBIDDEN)
})

test('help uses no other word, and says the plain one where each is met first', async () => {
  const { out } = await gt(['--help'])
  expect(out).not.toMatch(FORBIDDEN)
  for (const plain of [
    'town (',
    'rig (project)',
    'bead (unit of work)',
    'polecats (workers)',
    'Refinery (merge queue)',
  ])
    expect(out).toContain(plain)
})

test('status uses no other word, from the empty town to work that waits', async () => {
  const screens = [await town.gt('status')]
  await town.command('rig.add', { name: 'shop', source: '/code/shop' })
  await town.command('config.set', { key: 'agents.mine.command', value: ['/bin/true'] })
  await town.command('config.set', { key: 'agents.default', value: 'mine' })
  const bead = await town.bead('a')
  screens.push(await town.gt('status'))
  await town.command('sling', { beads: [bead, await town.bead('b', { needs: [bead] })] })
  screens.push(await town.gt('status'))
  await town.working(bead)
  await town.gtInSession('done')
  screens.push(await town.gt('status'))
  for (const { out } of screens) {
    // The folder has the name that the test gave it.
    expect(out.replace(/\/towns\/\S+/g, '')).not.toMatch(FORBIDDEN)
  }
  for (const plain of ['rig (project)', 'POLECAT (worker)', 'BEAD (unit of work)', 'Refinery (merge queue)'])
    expect(
      screens
        .map(({ out }) => out)
        .join('')
        .toLowerCase(),
    ).toContain(plain.toLowerCase())
})

test.each(ON_THE_WAY)('what to do about %s is said without another word', (code) => {
  expect(FAULTS[code].remedy).not.toMatch(FORBIDDEN)
})

test('the refusals of the way itself use no other word', async () => {
  const said = [
    await town.gt('bead', 'create', 'x'),
    await town.gt('rig', 'add', 'shop', '/nothing'),
    await town.gt('rig', 'add', '-x', '/code/shop'),
    await town.gt('rig', 'add', 'shop', '/code/untested'),
    await town.gt('sling', 'sh-nope'),
  ]
  const bead = await town.bead('x')
  said.push(await town.gt('sling', bead), await town.gt('sling', bead, '--agent', 'nobody'))
  for (const { out, err } of said) expect(`${out}${err}`).not.toMatch(FORBIDDEN)
})

test("README's quick start uses no other word", () => {
  const path = join(ROOT, 'README.md')
  // The file is written last; what is there is held to the list.
  const start = existsSync(path) ? /^## Try it$[\s\S]*?(?=^## )/m.exec(readFileSync(path, 'utf8'))?.[0] : ''
  expect(start ?? '').not.toMatch(FORBIDDEN)
})
