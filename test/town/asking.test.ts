// A permission in a real town: the launcher of a hook waits, a person answers, and the daemon may die in between.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { COMMIT, GT, makeTown, type TestTown } from '../support/town.ts'

vi.setConfig({ testTimeout: 60_000 })

/** Shell: asks as Claude Code does, and leaves what it is answered in a file. */
const ASK = `
settings=$(dirname "$GT_TOKEN_FILE")/runtime/claude-settings.json
hook() {
  command=$(sed -n 's/^ *"command": "\\(.* '"$1"'\\)",*$/\\1/p' "$settings" | head -1)
  printf '%s' "$2" | sh -c "$command"
}
hook UserPromptSubmit '{"prompt":"Do it."}'
hook PermissionRequest '{"tool_name":"Bash","tool_input":{"command":"npm install"},"cwd":"'"$PWD"'"}' > "$GT_TOWN/reply"
`

async function townWith(script: string): Promise<TestTown> {
  const town = await makeTown()
  const home = join(town.temp, 'person')
  mkdirSync(home)
  writeFileSync(join(home, '.claude.json'), '{"hasCompletedOnboarding":true}')
  await town.up({ HOME: home, ANTHROPIC_API_KEY: 'sk-ant-test-000' })
  await town.agent('claude', `${ASK}\n${script}`)
  await town.addRig(['true'])
  const told = join(town.temp, 'told')
  await town.command('config.set', { key: 'notify.command', value: ['/bin/sh', '-c', `cat >> ${told}`] })
  return town
}

/** What the person was told, by the program that is set. */
const told = (town: TestTown): { title: string; body: string }[] => {
  const file = join(town.temp, 'told')
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : []
}
const reply = (town: TestTown) => readFileSync(join(town.dir, 'reply'), 'utf8')

test('[P2] a permission outlives the daemon: asked once, told once, answered after a kill -9, and the work lands', async () => {
  const town = await townWith(`${COMMIT}\n${GT} done\n`)
  const bead = await town.bead('Install it')
  await town.sling([bead], 'claude')
  const { decision } = await town.fact('it asks', 'DecisionOpened', { bead })
  await town.fact('the person is told', 'OperatorNotified', { decision })
  await town.kill()
  await town.up()
  const [open] = (await town.get('/v1/decisions')).body.items as { id: string; context: object }[]
  expect(open).toMatchObject({ id: decision, context: { command: 'npm install' } })
  await town.command('decision.answer', { decision: '1', choice: 'allow', always: true })
  await town.fact('it lands', 'BeadLanded', { bead })
  expect(JSON.parse(reply(town))).toMatchObject({ hookSpecificOutput: { decision: { behavior: 'allow' } } })
  expect(town.facts('DecisionOpened')).toHaveLength(1)
  expect(told(town)).toMatchObject([{ title: `nux (${bead}): may I use Bash?` }])
  expect(town.facts('RigSettingChanged').at(-1)).toMatchObject({
    key: 'permissions.rules',
    value: [{ tool: 'Bash', pattern: 'npm install', verdict: 'allow' }],
  })
  await town.down()
  await town.checkLog()
  await town.close()
})

test('a permission that nobody answers costs its time and no more: the agent is told no, and hands the work back', async () => {
  const town = await townWith(
    `grep -q deny "$GT_TOWN/reply" && ${GT} done --status ESCALATED --note 'May I?'\n`,
  )
  await town.command('config.set', { key: 'permissions.wait', value: '1500ms' })
  const bead = await town.bead('Install it')
  await town.sling([bead], 'claude')
  const opened = await town.fact('it asks', 'DecisionOpened', { bead })
  const expired = await town.fact('nobody answers', 'DecisionExpired', { bead })
  const lostMs = Date.parse(expired.record.at) - Date.parse(opened.record.at)
  expect(lostMs).toBeGreaterThanOrEqual(1_500)
  expect(lostMs).toBeLessThan(4_000)
  await town.fact('a person is needed', 'EscalationRaised', { bead })
  expect(reply(town)).toContain('so the answer is no. Go on another way')
  await town.until('the person is told of both', () => told(town).length === 2)
  const { waitsForYou } = (await town.get('/v1/status')).body as { waitsForYou: object[] }
  expect(waitsForYou).toMatchObject([{ bead }])
  await town.down()
  await town.close()
})
