// The town as its person set it up: five projects, 175 polecats by name, 15 crew members.

import { POLECAT_NAMES } from '../../src/actors/mayor/names.ts'
import { crew, DESK, OVERSEER, rigOwner, TOWN } from '../../src/events/address.ts'
import { BEGIN, DAY, HOUR, type World } from './world.ts'

export const RIGS = ['shop', 'barn', 'atlas', 'hermes', 'quill'] as const
export const prefixOf = (rig: string): string => rig.slice(0, 2)
/** Names that work is slung to, of each rig. */
export const NAMES: readonly string[] = POLECAT_NAMES.slice(0, 35)
const CREW = ['ada', 'grace', 'edsger'] as const
/** Polecats at work in a rig at a time. */
const PLACES = 5
const NPM = (script: string) => ['npm', 'run', script, '--silent']

export async function settle(world: World): Promise<void> {
  const { random } = world
  await world.say(
    OVERSEER,
    {
      to: TOWN,
      message: {
        type: 'town.install',
        townId: world.texts.uuid(),
        name: 'home',
        owner: { name: 'Ada', email: 'ada@example.org' },
        settings: {},
      },
    },
    { to: TOWN, message: { type: 'town.start', version: '0.1.0', downMs: 0 } },
  )
  await world.say(OVERSEER, {
    to: TOWN,
    message: { type: 'town.set', key: 'agents.default', value: 'claude' },
  })
  for (const rig of RIGS) {
    await world.say(OVERSEER, {
      to: rigOwner(rig),
      message: {
        type: 'rig.add',
        rig,
        prefix: prefixOf(rig),
        remote: { kind: 'origin', url: `https://git.example.org/home/${rig}.git` },
        source: `/home/you/${rig}`,
        target: 'main',
        settings: {
          'limits.polecats': PLACES,
          'limits.attempts': 4,
          setup: { command: ['npm', 'ci'], timeoutMs: 600_000, inputs: ['package-lock.json'] },
          'gates.test': { command: NPM('test'), timeoutMs: 900_000 },
          'gates.types': { command: NPM('typecheck'), timeoutMs: 300_000 },
          ...(random.chance(0.5) ? { 'gates.lint': { command: NPM('lint'), timeoutMs: 300_000 } } : {}),
        },
      },
    })
    await world.rest(random.between(20_000, 90_000))
  }
  for (const rig of RIGS)
    for (const name of CREW) {
      while (world.valueOf(rigOwner(rig)) !== 'active') await world.rest(10_000)
      await world.say(OVERSEER, {
        to: crew(rig, name),
        message: { type: 'crew.add', branch: `crew/${name}` },
      })
      void crewDays(world, crew(rig, name))
    }
  void crewDays(world, DESK)
}

/** Whoever directs it comes in the morning and goes in the evening, on most days. */
async function crewDays(world: World, keeper: string): Promise<void> {
  const { random } = world
  for (;;) {
    if (random.chance(keeper === DESK ? 0.9 : 0.35)) {
      const path = keeper === DESK ? '/home/you/town/mayor' : null
      const fresh = random.chance(0.3)
      await world.say(OVERSEER, { to: keeper, message: { type: 'crew.start', preset: null, fresh, path } })
      await world.rest(random.between(2 * HOUR, 10 * HOUR))
      await world.say(OVERSEER, { to: keeper, message: { type: 'crew.stop', reason: 'gt crew stop' } })
    }
    const passed = (world.now - BEGIN) % DAY
    await world.rest(DAY - passed + random.between(0, 2 * HOUR))
  }
}
