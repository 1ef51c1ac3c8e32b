import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { isAlive, processesOf } from '../support/processes-left.ts'
import { COMMIT, GT, git, gone, makeTown, untilFile } from '../support/town.ts'

// Everything here takes seconds, and other tests may have the machine.
vi.setConfig({ testTimeout: 60_000 })

const OLD_TOKEN = join(import.meta.dirname, '../fixtures/town/old-token.mjs')

test("[TOWNUP-6] [P1] sessions, setup, gates and the worker's git are handed descriptors 0, 1 and 2 and no other, also by a host that was started while the town was up", async () => {
  const town = await makeTown()
  const folder = join(town.temp, 'fds')
  mkdirSync(folder)
  // ls itself opens one more, on the folder that it lists.
  const list = (who: string) => `ls -l /proc/self/fd >> "${folder}/${who}"`
  const real = git(town.temp, '--exec-path')
  mkdirSync(join(town.temp, 'bin'))
  const wrapper = `#!/bin/sh\n${list('git')}\nPATH="\${PATH#*bin:}" exec "${real}/git" "$@"\n`
  writeFileSync(join(town.temp, 'bin/git'), wrapper, { mode: 0o755 })
  await town.up({ PATH: `${join(town.temp, 'bin')}:${process.env.PATH}` })
  await town.agent('lister', `${list('session')}\n${COMMIT}\n${GT} done\n`)
  await town.addRig(['sh', '-c', list('gate')], { setup: { command: ['sh', '-c', list('setup')] } })
  const first = await town.bead('Lists descriptors')
  await town.sling([first], 'lister')
  await town.fact('the first lands', 'PolecatReleased', { bead: first, outcome: 'landed' })
  const second = await town.bead('Lists them again')
  const firstHost = town.hostPid()
  process.kill(firstHost, 'SIGKILL')
  await town.sling([second], 'lister')
  await town.fact('the second lands', 'PolecatReleased', { bead: second, outcome: 'landed' })
  expect(town.hostPid()).not.toBe(firstHost)
  expect(town.facts('AttemptBegun'), 'slung while there was no host').toHaveLength(2)

  for (const who of ['session', 'setup', 'gate', 'git']) {
    const seen = readFileSync(join(folder, who), 'utf8')
      .split(/^total .*\n/m)
      .slice(1)
    expect(seen.length, who).toBeGreaterThan(1)
    for (const one of seen) {
      const links = one
        .trim()
        .split('\n')
        .map((line) => / (\d+) -> (.*)$/.exec(line))
      const kept = links.filter((link) => !/^\/proc\/\d+\/fd$/.test(link?.[2] ?? '')).map((link) => link?.[1])
      expect(kept, `${who}: ${one}`).toEqual(['0', '1', '2'])
    }
  }
  const log = join(town.dir, '.gt/log')
  for (const { pid, command } of processesOf(town.dir)) {
    const files = readdirSync(`/proc/${pid}/fd`).filter((fd) => linkOf(pid, fd).startsWith(log))
    expect(files.length > 0, command).toBe(pid === town.pid())
  }
  await town.down()
  await town.close()
})

test('[TOWNUP-7] [P9] a session speaks for itself alone, whatever its body says, and its token is nowhere but in its file', async () => {
  const town = await makeTown()
  await town.up()
  const go = join(town.temp, 'go')
  await town.agent('waiter', `echo hello; ${untilFile(go)}; ${COMMIT}; ${GT} done\n`)
  await town.addRig(['true'])
  const [mine, other] = [await town.bead('Mine'), await town.bead('Of another')]
  await town.sling([mine, other], 'waiter')
  const a = await town.fact('A works', 'SessionStarted', { bead: mine })
  const b = await town.fact('B works', 'SessionStarted', { bead: other })
  const [tokenA, tokenB] = [town.token(String(a.session)), town.token(String(b.session))]
  expect(
    statSync(join(town.dir, '.gt/sessions', String(a.session).replaceAll('/', '.'), 'token')).mode & 0o777,
  ).toBe(0o600)

  const note = { type: 'note', data: { text: 'from A' } }
  for (const field of ['actor', 'by', 'session', 'agent'])
    expect(await town.post('/v1/events', { ...note, [field]: b.agent }, tokenA)).toMatchObject({
      status: 400,
    })
  const own = { type: 'x.claim', data: { actor: b.agent, by: b.agent, session: b.session } }
  const claimed = await town.post('/v1/events', own, tokenA)
  expect(claimed.status).toBe(200)
  const [ofA, ofB] = await Promise.all(
    [tokenA, tokenB].map((token) => town.post('/v1/events', { ...note, id: 'same' }, token)),
  )
  await town.settled()
  const by = (seq: unknown) => ({
    by: town.watch.records[Number(seq) - 1]?.by,
    actor: town.watch.records[Number(seq) - 1]?.actor,
  })
  expect(by(claimed.body.seq)).toEqual({ by: a.agent, actor: a.session })
  expect(by(ofA?.body.seq)).toEqual({ by: a.agent, actor: a.session })
  expect(by(ofB?.body.seq)).toEqual({ by: b.agent, actor: b.session })

  const address = encodeURIComponent(String(b.agent))
  for (const path of [
    `/v1/beads/${other}`,
    `/v1/hooks/${address}`,
    `/v1/mail?to=${address}`,
    '/v1/records',
    '/v1/status',
  ])
    expect((await town.get(path, tokenA)).body, path).toMatchObject({ code: 'FORBIDDEN' })
  expect((await town.get(`/v1/beads/${mine}`, tokenA)).status).toBe(200)
  for (const name of ['sling', 'down', 'bead.close', 'config.set'])
    expect((await town.post(`/v1/commands/${name}`, {}, tokenA)).body, name).toMatchObject({
      code: 'FORBIDDEN',
    })
  expect((await town.post('/v1/commands/done', {}, town.operatorToken)).body).toMatchObject({
    code: 'NOT_IN_A_SESSION',
  })
  const forged = tokenA.replace(/^gts_[^.]+/, tokenB.split('.')[0] ?? '')
  for (const token of [forged, `${tokenA}x`, 'gto_x', 'x'])
    expect((await town.get(`/v1/beads/${other}`, token)).body).toMatchObject({ code: 'TOKEN_UNKNOWN' })
  expect(commandLines(), 'while both work').not.toMatch(/gt[so]_[\w-]{20}/)

  writeFileSync(go, '')
  for (const bead of [mine, other]) await town.fact(`${bead} lands`, 'PolecatReleased', { bead })
  expect((await town.post('/v1/events', note, tokenA)).body).toMatchObject({ code: 'ASSIGNMENT_OVER' })
  await town.settled()
  const secrets = [tokenA, tokenB, town.operatorToken]
  const whole =
    town.watch.lines.join('\n') +
    filesBelow(town.dir)
      .map((file) => readFileSync(file, 'latin1'))
      .join('\n')
  expect(whole).toContain('hello')
  for (const secret of secrets) expect(whole.includes(secret), secret.slice(0, 4)).toBe(false)
  await town.down()
  await town.close()
})

test('[TOWNUP-8] [P5] after a landing worktree, branch, token and processes are gone and the name is free, and what was written after gt done is kept', async () => {
  const town = await makeTown()
  await town.up()
  // The gate holds the landing until somebody has written, after the Witness has looked.
  const [verified, written] = [join(town.temp, 'verified'), join(town.temp, 'written')]
  const late = `${untilFile(verified)}; echo late > late.txt; touch "${written}"`
  const gate = `touch "${verified}"; ${untilFile(written)}`
  await town.agent(
    'late',
    `env -i setsid sh -c '${late}' &\n(sleep 300 &)\n${COMMIT}; ${GT} done; exec sleep 300\n`,
  )
  await town.addRig(['sh', '-c', gate])
  const bead = await town.bead('Writes too late')
  await town.sling([bead], 'late')
  const { agent, session } = await town.fact('it starts', 'SessionStarted', { bead })
  const { sandbox, branch, path } = await town.fact('its worktree', 'WorktreeAdded')
  await town.fact('it lands', 'PolecatReleased', { bead, outcome: 'landed' })

  const { checkpoint } = await town.fact('the worktree goes', 'WorktreeRemoved', { sandbox: String(sandbox) })
  const shared = join(town.dir, 'rigs/shop/repo.git')
  expect(existsSync(String(path))).toBe(false)
  expect(git(shared, 'branch', '--list', String(branch))).toBe('')
  expect(git(shared, 'show', `${checkpoint}:late.txt`)).toBe('late')
  expect(town.git('ls-tree', '--name-only', 'main')).not.toContain('late.txt')
  expect(
    processesOf(town.temp, `GT_SESSION=${session}`).filter(({ command }) => command.includes('sleep')),
  ).toEqual([])
  expect(existsSync(join(town.dir, '.gt/sessions', String(session).replaceAll('/', '.'), 'token'))).toBe(
    false,
  )
  expect((await town.get(`/v1/hooks/${encodeURIComponent(String(agent))}`)).body).toMatchObject({
    bead: null,
  })
  expect((await town.get(`/v1/agents/${encodeURIComponent(String(agent))}`)).body).toMatchObject({
    address: agent,
    hook: null,
  })

  const next = await town.bead('Gets the same name')
  await town.agent('quick', `${COMMIT}; ${GT} done\n`)
  await town.sling([next], 'quick')
  expect((await town.fact('the next starts', 'SessionStarted', { bead: next })).agent).toBe(agent)
  await town.fact('the next lands', 'PolecatReleased', { bead: next })
  expect((await town.get(`/v1/cvs/${encodeURIComponent(String(agent))}`)).body).toMatchObject({
    completed: 2,
  })
  await town.down()
  await town.close()
})

test('[TOWNUP-9] [P2] [P5] a worker that exits or is killed begins again at once in its worktree, the second time after five minutes by a timer that a restart keeps', async () => {
  const town = await makeTown()
  await town.up()
  const go = join(town.temp, 'go')
  const reason = `${GT} prime --json | tr -d ' \\n' > "${town.temp}/prime-$GT_BEAD-$GT_SESSION_N"`
  await town.agent(
    'mortal',
    `GT_SESSION_N=\${GT_SESSION##*.}; ${reason}
echo "$GT_SESSION_N" >> left-$GT_BEAD.txt
case "$GT_SESSION_N $(cat "${town.temp}/fate-$GT_BEAD")" in
  "1 exits") exit 7 ;;
  "1 killed"|"2 killed") kill -9 $$ ;;
esac
${untilFile(go)}
${COMMIT}; ${GT} done\n`,
  )
  await town.addRig(['true'])
  const [exits, killed] = [await town.bead('Exits'), await town.bead('Is killed')]
  writeFileSync(join(town.temp, `fate-${exits}`), 'exits')
  writeFileSync(join(town.temp, `fate-${killed}`), 'killed')
  await town.sling([exits, killed], 'mortal')
  for (const [bead, ending] of [
    [exits, { kind: 'exited', exitCode: 7 }],
    [killed, { kind: 'killed', signal: 'SIGKILL' }],
  ] as const) {
    const first = await town.fact('it begins', 'AttemptBegun', { bead, attempt: 1 })
    expect(await town.fact('it dies', 'SessionEnded', { bead })).toMatchObject({ ending, done: false })
    const second = await town.fact('it begins again', 'AttemptBegun', { bead, attempt: 2 })
    expect(second).toMatchObject({ agent: first.agent, sandbox: first.sandbox, reason: 'recovered' })
    expect(await town.fact('granted', 'RecoveryGranted', { bead })).toMatchObject({ n: 1, waitMs: 0 })
  }
  const scheduled = await town.fact('the second recovery waits', 'RecoveryScheduled', { bead: killed })
  expect(scheduled.waitMs).toBeGreaterThan(5 * 60_000 - 30_000)
  const timer = scheduled.record.effects.find(({ kind }) => kind === 'timer')
  const dueMs = Date.parse(String(timer?.params.dueAt)) - Date.parse(scheduled.record.at)
  expect(dueMs).toBe(Number(scheduled.waitMs))
  expect(dueMs).toBeLessThanOrEqual(5 * 60_000)

  await town.kill()
  await town.up()
  const cooling = String(scheduled.sandbox)
  expect(town.facts('AttemptBegun').filter(({ sandbox }) => sandbox === cooling)).toHaveLength(2)
  writeFileSync(go, '')
  await town.command('start', { agent: cooling.split('/sandboxes/')[0] })
  for (const bead of [exits, killed])
    await town.fact(`${bead} lands`, 'PolecatReleased', { bead, outcome: 'landed' })
  const attempts = town.facts('AttemptBegun').filter(({ bead }) => bead === killed)
  expect(attempts.map((fact) => fact.reason)).toEqual(['first', 'recovered', 'recovered'])
  expect(new Set(attempts.map((fact) => fact.agent)).size).toBe(1)
  // Each attempt found what the one before had left, committed or not.
  expect(town.git('show', `main:left-${killed}.txt`).split('\n')).toEqual(
    expect.arrayContaining(['1', '2', '3']),
  )
  expect(readFileSync(join(town.temp, `prime-${killed}-3`), 'utf8')).toMatch(
    /"attempt":3,"reason":"recovered"/,
  )
  await town.settled()
  expect(
    town.watch.records.filter(
      (record) => record.settles === `${scheduled.seq}.${scheduled.record.effects.indexOf(timer as never)}`,
    ),
  ).toEqual([])
  await town.down()
  await town.checkLog()
  await town.close()
})

test('[TOWNUP-10] [P9] the token of an assignment that was recovered is refused from that record on, though its process hid and lives', async () => {
  const town = await makeTown()
  await town.up()
  const [go, folder] = [join(town.temp, 'go'), join(town.temp, 'old')]
  mkdirSync(folder)
  const hide = `cp "$GT_TOKEN_FILE" "${folder}/token"; env -i setsid "${process.execPath}" "${OLD_TOKEN}" "$GT_SOCKET" "${folder}" </dev/null >/dev/null 2>&1 & echo $! > "${folder}/pid"`
  await town.agent(
    'hider',
    `case "$GT_SESSION" in *.1) ${hide} ; exec sleep 300 ;; esac\n${untilFile(go)}\n${COMMIT}; ${GT} done\n`,
  )
  await town.addRig(['true'])
  const bead = await town.bead('Has two processes')
  await town.sling([bead], 'hider')
  const { pid } = await town.fact('it starts', 'SessionStarted', { bead })
  const said = (await town.fact('the hidden one speaks', 'AgentReported', { bead })).session
  process.kill(Number(pid), 'SIGKILL')
  const died = await town.fact('it dies', 'SessionEnded', { bead })
  const again = await town.fact('it begins again', 'AttemptBegun', { bead, attempt: 2 })
  const restarted = await town.watch.until('it runs again', (record) =>
    record.facts.find((fact) => fact.type === 'SessionStarted' && fact.session !== said),
  )
  const answers = () =>
    readFileSync(join(folder, 'answers'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { code?: string; seq?: number; asked: string })
  await town.until('refusals', () => answers().filter(({ code }) => code === 'ASSIGNMENT_OVER').length > 5)
  expect(isAlive(Number(restarted.pid)), 'the new session').toBe(true)
  writeFileSync(join(folder, 'stop'), '')
  await town.until('the last word', () => answers().at(-1)?.asked === 'done')

  const told = answers()
  const firstRefusal = told.findIndex(({ code }) => code !== undefined)
  expect(firstRefusal).toBeGreaterThan(0)
  expect(
    told
      .slice(firstRefusal)
      .map(({ code }) => code)
      .filter((code) => code !== 'ASSIGNMENT_OVER'),
  ).toEqual([])
  for (const { seq } of told.slice(0, firstRefusal)) expect(seq).toBeLessThan(died.seq)
  expect(again.seq).toBeGreaterThan(died.seq)
  expect(town.facts('AgentReported').filter(({ seq }) => seq > died.seq)).toEqual([])
  expect(town.facts('AgentDone')).toEqual([])

  writeFileSync(go, '')
  const landed = await town.fact('the new one lands it', 'AgentDone', { bead })
  expect(landed.session).toBe(restarted.session)
  await town.fact('it lands', 'PolecatReleased', { bead })
  await gone(Number(readFileSync(join(folder, 'pid'), 'utf8')))
  await town.down()
  await town.close()
})

/** Everything that a town keeps, but for its secrets and what git has. */
function filesBelow(dir: string): string[] {
  return readdirSync(join(dir, '.gt'), { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && !['token', 'operator.token', 'secret', 'host.key'].includes(entry.name),
    )
    .map((entry) => join(entry.parentPath, entry.name))
}

const commandLines = (): string =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
      } catch {
        return ''
      }
    })
    .join('\n')

function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`)
  } catch {
    return ''
  }
}
