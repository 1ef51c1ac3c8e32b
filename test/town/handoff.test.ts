// Work that goes from one session to the next, in a real town; and messages for programs without hooks.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { COMMIT, GT, makeTown, type TestTown, untilFile } from '../support/town.ts'

const CLAUDE = join(import.meta.dirname, '../fixtures/agents/fake-claude.mjs')
const NOTE = 'The parser is done, its tests are not.'

const open: TestTown[] = []
afterEach(async () => {
  for (const town of open.splice(0)) await town.close()
})
async function newTown(): Promise<TestTown> {
  const town = await makeTown()
  open.push(town)
  return town
}

test('[TOWNUP-40] [P5] a fresh session goes on in the same worktree, reads the note, and finds what was not committed', async () => {
  const town = await newTown()
  await town.up()
  await town.addRig(['true'])
  await town.agent(
    'mine',
    `n=\${GT_SESSION##*.}
${GT} prime --json > "${town.temp}/prime.$n"
pwd > "${town.temp}/cwd.$n"
if [ "$n" = 1 ]; then
  echo half > half.txt
  ${GT} handoff '${NOTE}' > "${town.temp}/said"
  exit 0
fi
grep -q half half.txt || exit 7
${COMMIT}
${GT} done`,
  )
  const bead = await town.bead('Parse')
  await town.sling([bead], 'mine')
  await town.fact('it lands', 'BeadLanded', { bead })
  const primed = JSON.parse(readFileSync(join(town.temp, 'prime.2'), 'utf8'))
  expect(primed).toMatchObject({ reason: 'handoff', handoff: { note: NOTE, trigger: 'asked' } })
  expect(readFileSync(join(town.temp, 'cwd.2'), 'utf8')).toBe(readFileSync(join(town.temp, 'cwd.1'), 'utf8'))
  expect(town.git('show', 'main:half.txt')).toBe('half')
  expect(town.facts('SessionOpened')).toHaveLength(2)
  expect(town.facts('RecoveryAsked')).toEqual([])
  expect(town.facts('AttemptBegun').map(({ reason }) => reason)).toEqual(['first', 'handoff'])
  const [handed] = town.facts('WorkHandedOff')
  const kept = town.facts('WorktreeCheckpointed')
  expect(kept.some(({ seq, files }) => seq > (handed?.seq ?? 0) && files === 1)).toBe(true)
  await town.down()
  await town.checkLog()
}, 60_000)

async function conversing(
  settings: Record<string, string>,
): Promise<{ town: TestTown; bead: string; starts(): Start[] }> {
  const town = await newTown()
  const [folder, home] = [join(town.temp, 'fake'), join(town.temp, 'person')]
  mkdirSync(folder)
  mkdirSync(home)
  writeFileSync(join(home, '.claude.json'), '{"hasCompletedOnboarding":true}')
  await town.up({ HOME: home, ANTHROPIC_API_KEY: 'sk-ant-test-000' })
  const value = [process.execPath, CLAUDE, folder]
  await town.command('config.set', { key: 'agents.claude.command', value })
  await town.addRig(['true'], settings)
  const bead = await town.bead('Converse')
  await town.sling([bead], 'claude')
  const lines = (name: string) =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8').trimEnd().split('\n') : []
  await town.until('it converses', () => lines('at-work').length === 1)
  return { town, bead, starts: () => lines('starts').map((line) => JSON.parse(line) as Start) }
}
type Start = { id: string; resumed: string | null; cwd: string; session: string; args: string[] }

test('[TOWNUP-42] with handoff.on compact the town hands over before a context is compacted, with what it knows', async () => {
  const { town, bead, starts } = await conversing({ 'handoff.on': 'compact' })
  const [first] = starts()
  const hook = { trigger: 'auto', session_id: first?.id, hook_event_name: 'PreCompact' }
  await town.post('/v1/hooks/PreCompact', hook, town.token(first?.session ?? ''))
  const { note, trigger } = await town.fact('it is handed over', 'WorkHandedOff', { bead })
  expect(trigger).toBe('compact')
  expect(note).toContain(`Changed, and not committed: ${bead}.txt`)
  await town.until('a fresh one begins', () => starts().length === 2)
  const [, second] = starts()
  expect(second).toMatchObject({ resumed: null, cwd: first?.cwd })
  expect(second?.id).not.toBe(first?.id)
  expect(second?.args.at(-1)).toMatch(/^gt took this down .*\n<handoff>\n/)
  await town.down()
}, 60_000)

test('[TOWNUP-42] when nothing is set a compaction goes its way', async () => {
  const { town, starts } = await conversing({})
  const [first] = starts()
  const token = town.token(first?.session ?? '')
  const hook = { trigger: 'auto', session_id: first?.id, hook_event_name: 'PreCompact' }
  await town.post('/v1/hooks/PreCompact', hook, token)
  await town.post('/v1/hooks/PostCompact', { ...hook, hook_event_name: 'PostCompact' }, token)
  await town.fact('it is compacted', 'ContextCompacted')
  expect(town.facts('WorkHandedOff')).toEqual([])
  await town.down()
}, 60_000)

test('[SESSION-21] a program without hooks gets a message as a line of its input, and takes it by reading it', async () => {
  const town = await newTown()
  await town.up()
  await town.addRig(['true'])
  await town.agent(
    'mine',
    `read -r line; echo "$line" > "${town.temp}/line"
id=$(echo "$line" | grep -o 'n-[0-9a-z]*' | head -1)
${GT} nudge read "$id" > "${town.temp}/text"
${untilFile(join(town.temp, 'go'))}
${COMMIT}
${GT} done`,
  )
  const bead = await town.bead('Listen')
  await town.sling([bead], 'mine')
  const { agent } = await town.fact('it runs', 'SessionStarted', { bead })
  const text = 'Mind the gap.\nAnd the second line.'
  const { id } = await town.command('nudge.send', { to: String(agent), text })
  await town.fact('it is taken', 'NudgeAccepted', { nudge: id })
  await town.until('it has read', () => existsSync(join(town.temp, 'text')))
  writeFileSync(join(town.temp, 'go'), '')
  await town.fact('it lands', 'BeadLanded', { bead })
  expect(readFileSync(join(town.temp, 'line'), 'utf8')).toMatch(new RegExp(`^gt ${id}: `))
  expect(readFileSync(join(town.temp, 'text'), 'utf8')).toContain('And the second line.')
  await town.down()
}, 60_000)
