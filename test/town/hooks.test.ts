// Hooks of an agent program in a real town: the launcher, the socket, and what is recorded. The program is a script
// that calls its hooks as Claude Code does.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { COMMIT, GT, makeTown, type TestTown, untilFile } from '../support/town.ts'

/** Shell: one hook, as the settings file of the session names it. */
const HOOK = `
settings=$(dirname "$GT_TOKEN_FILE")/runtime/claude-settings.json
hook() {
  command=$(sed -n 's/^ *"command": "\\(.* '"$1"'\\)",*$/\\1/p' "$settings" | head -1)
  printf '%s' "$2" | sh -c "$command"
}
`

async function townWith(script: string): Promise<TestTown> {
  const town = await makeTown()
  const home = join(town.temp, 'person')
  mkdirSync(home)
  writeFileSync(join(home, '.claude.json'), '{"hasCompletedOnboarding":true}')
  await town.up({ HOME: home, ANTHROPIC_API_KEY: 'sk-ant-test-000' })
  await town.agent('claude', `${HOOK}\n${script}`)
  await town.addRig(['true'])
  return town
}

test('[SESSION-10] [SESSION-12] what a program says by its hooks is heard, from its first turn to its last', async () => {
  const town = await townWith(`
hook SessionStart '{"session_id":"u-7","transcript_path":"/t/u-7.jsonl","model":"m-1","source":"startup"}'
hook UserPromptSubmit '{"prompt":"Do it."}'
hook PreToolUse '{"tool_name":"Bash","tool_input":{"command":"ls"}}'
hook PostToolUse '{"tool_name":"Bash"}'
hook Stop '{"background_tasks":[]}'
${COMMIT}
${GT} done
`)
  const bead = await town.bead('First')
  await town.sling([bead], 'claude')
  await town.fact('it lands', 'BeadLanded', { bead })
  await town.settled()
  const known = town.facts('RuntimeSessionKnown').at(-1)
  expect(known).toMatchObject({ runtime: 'claude', runtimeSession: 'u-7', transcript: '/t/u-7.jsonl' })
  expect(town.facts('AgentStands').map(({ standing }) => (standing as { state: string }).state)).toEqual([
    'ready',
    'thinking',
    'idle',
  ])
  expect(town.facts('AgentActive')).toMatchObject([{ activity: { tools: 1, byTool: { Bash: 1 } } }])
  expect(town.facts('TurnEnded')).toMatchObject([{ how: 'ended' }])
  await town.close()
})

test('[SESSION-10] [P3] what is said while the daemon is away is heard when it is back', async () => {
  const town = await townWith(`
hook UserPromptSubmit '{"prompt":"Do it."}'
touch "$GT_TOWN/working"
${untilFile('$GT_TOWN/away')}
hook PreToolUse '{"tool_name":"Edit","tool_input":{"file_path":"a"}}'
hook Stop '{"background_tasks":[]}'
touch "$GT_TOWN/said"
${untilFile('$GT_TOWN/go')}
${COMMIT}
${GT} done
`)
  const bead = await town.bead('First')
  await town.sling([bead], 'claude')
  await town.fact('its turn begins', 'TurnStarted')
  const [session] = readdirSync(join(town.dir, '.gt/sessions'))
  await town.kill()
  writeFileSync(join(town.dir, 'away'), '')
  const unheard = join(town.dir, '.gt/sessions', String(session), 'unheard')
  await town.until('it is left in files', () => {
    try {
      return readdirSync(unheard).filter((name) => name.endsWith('.json')).length === 2
    } catch {
      return false
    }
  })
  await town.up()
  await town.fact('its turn ends', 'TurnEnded', { how: 'ended' })
  expect(town.facts('AgentActive')).toMatchObject([{ activity: { lastTool: 'Edit' } }])
  writeFileSync(join(town.dir, 'go'), '')
  await town.fact('it lands', 'BeadLanded', { bead })
  await town.close()
})

test('[SANDBOX-5] a program that ends at once says in its last lines why', async () => {
  const town = await townWith(`echo 'Invalid API key'; echo 'Please run /login'; exit 3`)
  const bead = await town.bead('First')
  await town.sling([bead], 'claude')
  const { reason } = await town.fact('a recovery is asked for', 'RecoveryAsked')
  expect(reason).toBe(
    'its program ended with exit code 3 before it was done, and said: Invalid API key / Please run /login',
  )
  await town.close()
})
