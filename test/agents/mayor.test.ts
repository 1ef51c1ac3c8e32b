// The Mayor's own session with the real Claude Code: a request becomes a plan, a yes becomes work, and the work lands.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ModelReply, ModelRequest } from './model.ts'
import { PATIENCE_MS, townOfClaude } from './town.ts'

const PLAN = {
  title: 'A cafe with a bar',
  beads: [
    {
      key: 'cafe',
      rig: 'shop',
      title: 'Add a cafe',
      description: 'One file, cafe.txt.',
      acceptance: ['cafe.txt is there', 'it says open'],
    },
    { key: 'bar', rig: 'shop', title: 'Add a bar', acceptance: ['bar.txt is there'], needs: ['cafe'] },
  ],
}
const REQUEST = 'We want a cafe.\nAnd when it stands, a bar in it.'

test('[PLAN-5] a request becomes a plan, a changed one is slung, the Mayor is told, and all of it lands', async () => {
  const town = await townOfClaude()
  await town.command('config.set', { key: 'agents.default', value: 'claude' })
  const folder = join(town.dir, 'mayor')
  const steps = new Map<string, ModelReply[]>()
  town.model.answer((request) => {
    const { session, text } = request
    if (!steps.has(session)) steps.set(session, text.includes('You are the Mayor') ? mayor() : worker(text))
    return steps.get(session)?.shift() ?? null
  })
  const mayor = (): ModelReply[] => [
    { run: 'gt status --json && gt bead list' },
    {
      tool: 'Write',
      input: { file_path: join(folder, 'plan.json'), content: JSON.stringify(PLAN) },
    },
    { run: 'gt plan propose plan.json' },
    { say: 'It is proposed.' },
    { say: 'Good.' },
  ]
  const worker = (text: string): ModelReply[] => {
    const bead = /Your work is bead ([\w-]+):/.exec(text)?.[1] ?? 'none'
    const name = text.includes(': Add a bar') ? 'bar' : 'cafe'
    return [{ run: `echo open > ${name}.txt && git add -A && git commit -qm "${bead}" && gt done` }]
  }
  writeFileSync(join(town.temp, 'wish.md'), REQUEST)

  const asked = await town.gt('mayor', 'plan', join(town.temp, 'wish.md'), '--wait', '--json')
  expect([asked.exitCode, asked.stderr]).toEqual([0, expect.not.stringContaining('error')])
  const shown = JSON.parse(asked.stdout) as { id: string; state: string; beads: { title: string }[] }
  expect(shown).toMatchObject({ state: 'proposed', agent: 'mayor', title: PLAN.title })
  expect(shown.beads.map(({ title }) => title)).toEqual(['Add a cafe', 'Add a bar'])
  // It was told the request word for word, and asked nobody for a permission.
  const said = town.model.all.find(({ text }) => text.includes('You are the Mayor')) as ModelRequest
  expect(said.text).toContain(JSON.stringify(REQUEST).slice(1, -1))
  expect(existsSync(join(folder, 'plan.json'))).toBe(true)
  expect(town.facts('DecisionOpened').map(({ kind }) => kind)).toEqual(['plan'])
  expect(town.facts('BeadCreated')).toEqual([])
  expect((await town.gt('inbox')).stdout).toContain('cafe  shop  P2  Add a cafe')

  // A person changes what is shown, and says yes to that.
  const edited = join(town.temp, 'edited.json')
  writeFileSync(edited, asked.stdout.replace('"Add a bar"', '"Add a bar, with stools"'))
  const again = JSON.parse((await town.gt('plan', 'propose', edited, '--json')).stdout) as { id: string }
  const answered = await town.gt('answer', again.id, 'sling')
  expect(answered.stdout).toMatch(/: filed and slung as sh-\w+, sh-\w+\. mayor is told\./)
  const [cafe, bar] = (town.facts('PlanFiled')[0]?.beads ?? []) as string[]
  const made = (await town.get(`/v1/beads/${bar}`)).body
  expect(made).toMatchObject({ title: 'Add a bar, with stools', needs: [cafe] })
  expect(made.description).toBe('## Acceptance\n\n- [ ] bar.txt is there')
  const nudge = `n-${again.id.slice(2)}`
  await town.fact('the Mayor hears it', 'NudgeAccepted', { nudge }, PATIENCE_MS)
  await town.lands(String(bar))
  expect(town.landed().map(({ bead }) => bead)).toEqual(expect.arrayContaining([cafe, bar]))

  // What it costs is the Mayor's.
  const costs = (await town.get('/v1/costs?by=role')).body
  expect(JSON.stringify(costs)).toContain('"mayor"')

  // Its next session goes on with the conversation.
  await town.gt('mayor', 'stop')
  await town.fact('it ends', 'SessionEnded', { session: 'mayor/sessions/1' }, PATIENCE_MS)
  const started = await town.command('mayor.start')
  expect(started).toMatchObject({ session: 'mayor/sessions/2', resumed: true })
  await town.fact('it is there', 'AgentStands', { session: 'mayor/sessions/2' }, PATIENCE_MS)
  expect(readFileSync(join(folder, 'plan.json'), 'utf8')).toBe(JSON.stringify(PLAN))
  await town.end()
})

test('[CREW-5] a crew member is told who it is and nothing to do, answers when it is spoken to, and is resumed', async () => {
  const town = await townOfClaude()
  await town.command('config.set', { key: 'agents.default', value: 'claude' })
  expect((await town.gt('crew', 'add', 'ada')).stdout).toContain('shop/crew/ada is at')
  await town.gt('crew', 'start', 'ada')
  const session = 'shop/crew/ada/sessions/1'
  const stands = (of: string) =>
    town.watch.until(
      `${of} takes input`,
      ({ facts }) =>
        facts.find(
          (fact) =>
            fact.type === 'AgentStands' &&
            fact.session === of &&
            ['ready', 'idle'].includes((fact.standing as { state: string }).state),
        ) ?? null,
      PATIENCE_MS,
    )
  await stands(session)
  expect(town.model.requests).toEqual([])
  town.model.script([{ run: 'gt bead create "Found by Ada" && pwd' }, { say: 'Made.' }])
  const sent = await town.gt('nudge', 'shop/crew/ada', 'Make a bead of it', '--wait')
  expect([sent.exitCode, sent.stderr]).toEqual([0, expect.anything()])
  const made = await town.fact('it is made', 'BeadCreated', { title: 'Found by Ada' }, PATIENCE_MS)
  expect(made.record.by).toBe('shop/crew/ada')
  expect(town.model.requests[0]?.text).toContain('You are shop/crew/ada, a crew member')
  const { pid } = await town.fact('it ran', 'SessionStarted', { session })
  await town.fact('its turn ends', 'TurnEnded', { session }, PATIENCE_MS)
  process.kill(Number(pid), 'SIGKILL')
  await town.fact('it is gone', 'SessionEnded', { session }, PATIENCE_MS)
  const again = await town.command('crew.start', { crew: 'ada' })
  expect(again).toMatchObject({ session: 'shop/crew/ada/sessions/2', resumed: true })
  await stands('shop/crew/ada/sessions/2')
  town.model.script([{ say: 'Yes.' }])
  await town.gt('nudge', 'shop/crew/ada', 'Do you know it still?', '--wait')
  expect(town.model.requests.at(-1)?.text).toContain('Found by Ada')
  await town.end()
})
