// Whom a person directs, in a real town: a crew member with a composer, and the Mayor's own session.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { GT, makeTown, type TestTown } from '../support/town.ts'

vi.setConfig({ testTimeout: 120_000 })

const PROGRAM = join(import.meta.dirname, '../fixtures/agents/composer.mjs')
const ADA = 'shop/crew/ada'

async function begin() {
  const town = await makeTown()
  const home = join(town.temp, 'person')
  mkdirSync(home)
  writeFileSync(join(home, '.claude.json'), '{"hasCompletedOnboarding":true}')
  const env = { ANTHROPIC_API_KEY: 'sk-ant-test-000', HOME: home }
  await town.up(env)
  await town.command('config.set', { key: 'agents.claude.command', value: [process.execPath, PROGRAM] })
  await town.addRig(['true'])
  return { town, env }
}

async function end(town: TestTown): Promise<void> {
  await town.down()
  await town.checkLog()
  await town.close()
}

const ready = (town: TestTown, session: string) =>
  town.fact(`${session} takes input`, 'AgentStands', { session, agent: ADA })
const commandOf = (town: TestTown, session: string) =>
  (town.facts('SessionStarted').find((fact) => fact.session === session)?.command ?? []) as string[]

test('[CREW-6] a crew member outlives a killed daemon, rests while the town is down, and goes on in its conversation', async () => {
  const { town, env } = await begin()
  const made = await town.command('crew.add', { name: 'ada' })
  expect(made).toMatchObject({ agent: ADA, path: join(town.dir, 'rigs/shop/crew/ada'), branch: 'crew/ada' })
  const started = await town.command('crew.start', { crew: 'ada', agent: 'claude' })
  const first = `${ADA}/sessions/1`
  expect(started).toMatchObject({ agent: ADA, session: first, resumed: false })
  await ready(town, first)
  const told = commandOf(town, first).join(' ')
  expect(told).toContain('You are shop/crew/ada')
  expect(told).not.toContain('gt done, run')

  // What is said reaches it, also after the daemon has died.
  await town.kill()
  await town.up(env)
  const { id } = await town.command('nudge.send', { to: ADA, text: 'Hello, Ada' })
  await town.fact('it is heard', 'NudgeAccepted', { nudge: String(id) })
  const { pid } = await town.fact('it ran', 'SessionStarted', { session: first })
  expect(town.facts('SessionEnded')).toEqual([])
  process.kill(Number(pid), 0)

  // A town that goes down ends it after a checkpoint of its worktree, and goes on with it.
  writeFileSync(join(String(made.path), 'note.txt'), 'not committed\n')
  await town.down()
  await town.up(env)
  const second = `${ADA}/sessions/2`
  await ready(town, second)
  expect(commandOf(town, second)).toContain('--resume')
  expect(readFileSync(join(String(made.path), 'note.txt'), 'utf8')).toBe('not committed\n')

  // One that a person stopped stays at rest.
  await town.command('crew.stop', { crew: 'ada' })
  await town.fact('it ends', 'SessionEnded', { session: second })
  await town.down()
  await town.up(env)
  const row = (await town.get('/v1/agents/crew%2Fada')).body
  expect(row).toMatchObject({ state: 'idle', session: null, health: { reason: null } })
  expect(town.facts('SessionOpened')).toHaveLength(2)
  expect(existsSync(String(made.path))).toBe(true)
  await end(town)
})

test('[CREW-6] a stop of everybody ends a crew member, and a thaw lets it go on', async () => {
  const { town } = await begin()
  await town.command('crew.add', { name: 'ada' })
  await town.command('crew.start', { crew: 'ada', agent: 'claude' })
  await ready(town, `${ADA}/sessions/1`)
  await town.command('estop')
  await town.fact('it ends', 'SessionEnded', { session: `${ADA}/sessions/1` }, 10_000)
  const refused = await town.post('/v1/commands/crew.start', { crew: 'ada' })
  expect(refused.body).toMatchObject({ code: 'STOPPED' })
  await town.command('thaw')
  await ready(town, `${ADA}/sessions/2`)
  await end(town)
})

test('[CREW-4] a crew member whose program dies is shown, and not begun again', async () => {
  const { town } = await begin()
  await town.command('crew.add', { name: 'ada' })
  await town.command('crew.start', { crew: 'ada', agent: 'claude' })
  const { pid } = await town.fact('it runs', 'SessionStarted')
  process.kill(Number(pid), 'SIGKILL')
  await town.fact('it is gone', 'SessionEnded', { agent: ADA })
  await town.settled()
  expect((await town.get('/v1/agents/crew%2Fada')).body).toMatchObject({
    state: 'idle',
    session: null,
    health: { state: 'idle', reason: 'its process ended: killed' },
  })
  expect(town.facts('SessionOpened')).toHaveLength(1)
  await end(town)
})

test('[P5] [CREW-8] [CREW-10] what a crew member had not committed is kept at each stop, and comes back byte for byte', async () => {
  const { town } = await begin()
  const made = await town.command('crew.add', { name: 'ada' })
  const path = String(made.path)
  await town.command('crew.start', { crew: 'ada', agent: 'claude' })
  await ready(town, `${ADA}/sessions/1`)
  const half = Buffer.from('half\r\n\u0000\u00ff', 'latin1')
  writeFileSync(join(path, 'half.bin'), half)
  await town.command('crew.stop', { crew: 'ada' })
  const kept = await town.fact('it is kept', 'CrewCheckpointed', { agent: ADA, cause: 'stop' })
  expect(kept).toMatchObject({ place: `${ADA}/worktrees/1`, branch: 'crew/ada', path, files: 1 })
  // What gt prime says can be looked at there.
  const look = execFileSync('git', ['-C', path, 'diff', '--name-status', 'HEAD', String(kept.commit)])
  expect(String(look)).toBe('A\thalf.bin\n')
  expect((await town.post('/v1/commands/crew.remove', { crew: 'ada' })).body).toMatchObject({
    code: 'WORK_NOT_SUBMITTED',
    details: { dirty: ['half.bin'] },
  })
  writeFileSync(join(path, 'later.txt'), 'later\n')
  const { entry } = await town.command('crew.remove', { crew: 'ada', yes: true })
  expect([entry, existsSync(path)]).toEqual(['shop.crew.ada.1', false])
  await town.kill()
  await town.up()
  const folder = join(town.temp, 'back')
  await town.command('trash.restore', { entry, folder })
  expect(readFileSync(join(folder, 'half.bin'))).toEqual(half)
  expect(readFileSync(join(folder, 'later.txt'), 'utf8')).toBe('later\n')
  // A branch of it is a workplace again.
  await town.command('trash.restore', { entry })
  const branch = 'restored/shop.crew.ada.1'
  const again = await town.command('crew.add', { name: 'ada', branch })
  expect(readFileSync(join(String(again.path), 'half.bin'))).toEqual(half)
  await end(town)
})

const PLAN = JSON.stringify({
  title: 'A cart',
  beads: [
    { key: 'a', rig: 'shop', title: 'Model of a cart', acceptance: ['it holds goods'] },
    { key: 'b', rig: 'shop', title: 'Page of a cart', acceptance: ['it is shown'], needs: ['a'] },
  ],
})

test('[PLAN-3] the Mayor proposes a plan from its folder; a killed daemon doubles nothing, and a yes is worked on', async () => {
  const town = await makeTown()
  await town.up()
  await town.agent(
    'mayor',
    `cat > plan.json <<'EOF'\n${PLAN}\nEOF\n${GT} plan propose plan.json || exit 9\ncat > /dev/null\n`,
  )
  await town.agent('worker', `echo "$GT_BEAD" > "$GT_BEAD.txt"; git add -A; git commit -qm x; ${GT} done\n`)
  await town.command('config.set', { key: 'agents.default', value: 'worker' })
  await town.addRig(['true'])
  const { session } = await town.command('mayor.start', { agent: 'mayor' })
  expect(session).toBe('mayor/sessions/1')
  const { plan } = await town.fact('it proposes', 'PlanProposed')
  expect(JSON.parse(readFileSync(join(town.dir, 'mayor/plan.json'), 'utf8'))).toEqual(JSON.parse(PLAN))
  expect((await town.get('/v1/beads')).body.items).toEqual([])
  await town.kill()
  await town.up()
  expect((await town.get('/v1/agents/mayor')).body).toMatchObject({ session: 'mayor/sessions/1' })
  const answer = { decision: String(plan), choice: 'sling' }
  const [answered] = await Promise.all([
    town.command('decision.answer', answer, { id: 'answer-1' }),
    town.command('decision.answer', answer, { id: 'answer-1' }),
  ])
  const [a, b] = (answered.plan as { beads: string[] }).beads
  await town.fact('it lands last', 'BeadLanded', { bead: String(b) }, 60_000)
  expect(town.facts('BeadCreated').map((fact) => [fact.bead, fact.needs])).toEqual([
    [a, []],
    [b, [a]],
  ])
  expect(
    town
      .landed()
      .map(({ bead }) => bead)
      .slice(0, 2),
  ).toEqual([b, a])
  // The plan's answer is on its way to the Mayor.
  await town.fact('it is told', 'NudgeQueued', { to: 'mayor' })
  await end(town)
})

test('a person goes to a crew member by one command, which starts it, and leaves it with Ctrl-\\', async () => {
  const { town, env } = await begin()
  await town.command('config.set', { key: 'agents.default', value: 'claude' })
  await town.command('crew.add', { name: 'ada' })
  const launcher = join(import.meta.dirname, '../../bin/gt')
  const { spawn } = await import('node-pty')
  const terminal = spawn(launcher, ['crew', 'at', 'ada', '--town', town.dir], {
    env: { ...process.env, ...env, TERM: 'xterm-256color' },
    cols: 100,
    rows: 30,
  })
  let shown = ''
  let exitCode: number | null = null
  terminal.onData((data) => {
    shown += data
  })
  terminal.onExit((ending) => {
    exitCode = ending.exitCode
  })
  await town.until('its composer is shown', () => shown.includes('❯'))
  terminal.write('\x1c')
  await town.until('gt is gone', () => exitCode !== null)
  expect([exitCode, shown.includes('shop/crew/ada goes on.')]).toEqual([0, true])
  expect((await town.get('/v1/agents/crew%2Fada')).body).toMatchObject({ session: `${ADA}/sessions/1` })
  const list = execFileSync(launcher, ['crew', 'list', '--town', town.dir], { encoding: 'utf8' })
  expect(list).toMatch(/ada +shop +ready/)
  await end(town)
})
