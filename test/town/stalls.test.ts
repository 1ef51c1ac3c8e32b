// An agent that rests with its work not handed in, through the real daemon and host: nudged twice, begun afresh, and its
// bead given back.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { makeTown } from '../support/town.ts'

vi.setConfig({ testTimeout: 120_000 })

/** Answers each prompt by resting. */
const PROGRAM = join(import.meta.dirname, '../fixtures/agents/composer.mjs')

test('an agent that answers each nudge and rests again climbs the ladder to the end, and no further', async () => {
  const town = await makeTown()
  const home = join(town.temp, 'person')
  mkdirSync(home)
  writeFileSync(join(home, '.claude.json'), '{"hasCompletedOnboarding":true}')
  await town.up({ ANTHROPIC_API_KEY: 'sk-ant-test-000', HOME: home })
  await town.command('config.set', { key: 'agents.claude.command', value: [process.execPath, PROGRAM] })
  await town.command('config.set', { key: 'health.idle', value: '1s' })
  await town.command('config.set', { key: 'health.cooldown', value: '1s' })
  await town.addRig(['true'])
  const bead = await town.bead('Rest before the end')
  await town.sling([bead], 'claude')

  const { session } = await town.fact('it stalls', 'AgentStalled', { bead, kind: 'idle', n: 1 }, 60_000)
  expect(session).toMatch(/\/sessions\/1\.1$/)
  const { nudge } = await town.fact('it is nudged', 'LadderClimbed', { bead, step: 'nudge', generation: 1 })
  await town.fact('it takes the nudge', 'NudgeAccepted', { nudge }, 60_000)
  await town.fact('it goes on', 'AgentGoesOn', { session, n: 1 })
  const second = await town.fact('it is nudged again', 'LadderClimbed', { bead, step: 'secondNudge' }, 60_000)
  await town.fact('it takes that one', 'NudgeAccepted', { nudge: second.nudge }, 60_000)
  await town.fact('a fresh one', 'WorkHandedOff', { bead, session, trigger: 'stalled' }, 60_000)
  await town.fact('begins', 'AttemptBegun', { bead, attempt: 2, reason: 'handoff' }, 60_000)
  await town.fact('its bead', 'LadderClimbed', { bead, step: 'redispatch', generation: 2 }, 60_000)
  await town.fact('is taken from it', 'SandboxShelved', { bead, how: 'stalled', worktree: false }, 60_000)
  await town.fact('and given out again', 'RedispatchGranted', { bead, n: 1 }, 60_000)
  await town.close()
})
