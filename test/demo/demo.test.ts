// The demo as a person runs it: npm run demo, under whatever Node npm itself runs on.
//
// SEED chooses the moments of the kills: SEED=7 npx vitest run test/demo

import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { momentsOf } from '../../demo/moments.ts'
import type { LogRecord } from '../../src/events/record.ts'
import { prefixReplay } from '../support/prefix-replay.ts'
import { processesOf } from '../support/processes-left.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
const SEED = Number(process.env.SEED ?? 1)

/** Nouns of ours beyond the five that a newcomer meets: town, rig, bead, polecat, Refinery. */
const OTHER_NOUNS =
  /\b(mayor|deacon|witness|overseer|hooks?|sandbox(es)?|convoys?|crew|dogs?|molecules?|wisps?|formulas?|sessions?|worktrees?|dispatch(er)?|assignments?|escalations?)\b/i

type Run = {
  readonly code: number | null
  readonly output: string
  readonly lines: readonly string[]
  readonly firstMs: number
  readonly silenceMs: number
  readonly wholeMs: number
  /** 1 on an idle machine. */
  readonly slowness: number
  readonly folder: string
  readonly last: readonly string[]
  readonly commands: readonly string[]
}

test('[P10] the moments of the kills follow from the seed alone', () => {
  expect(momentsOf(1, 8)).toEqual(momentsOf(1, 8))
  expect(momentsOf(1, 8)).not.toEqual(momentsOf(2, 8))
  for (let seed = 0; seed < 500; seed += 1) {
    const { daemonDiesMs, stepsDone, flipAt, flipBit } = momentsOf(seed, 8)
    expect(daemonDiesMs).toBeLessThan(1_500)
    expect([2, 3, 4, 5]).toContain(stepsDone)
    expect(flipAt).toBeGreaterThan(0)
    expect(flipAt).toBeLessThan(1)
    expect([0, 1, 2, 3, 4, 5, 6, 7]).toContain(flipBit)
  }
})

test('a word that the demo does not know ends it with 2 and how it is written', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'demo/run.ts'), '--sed', '1'], {
    encoding: 'utf8',
  })
  expect(status).toBe(2)
  expect(stderr).toContain('--seed N')
})

test('a repository that cannot be cloned ends it with 1 and a sentence, and nothing stays', () => {
  const args = [join(ROOT, 'demo/run.ts'), '--repo', '/nowhere']
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(status).toBe(1)
  expect(stdout).toMatch(/The demo failed \(seed \d+\): .*nowhere/)
  expect(stdout).not.toContain('rm -rf')
})

test('Ctrl-C ends the town too', { timeout: 60_000 }, async () => {
  const child = spawn(process.execPath, [join(ROOT, 'demo/run.ts')], { stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  child.stdout.on('data', (chunk) => {
    // Three agents are at work by then.
    if (!output.includes('3 polecats') && String(chunk).includes('3 polecats')) child.kill('SIGINT')
    output += String(chunk)
  })
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130)
  const folder = /the town is at (\S+)\/town/.exec(output)?.[1] ?? ''
  expect(folder).not.toBe('')
  expect(processesOf(folder)).toEqual([])
  rmSync(folder, { recursive: true })
})

describe(`npm run demo -- --seed ${SEED}`, () => {
  let run: Run
  beforeAll(async () => {
    run = await demo(['--seed', String(SEED)])
  }, 100_000)
  afterAll(() => rmSync(run.folder, { recursive: true, force: true }))

  test('[P10] runs to its end within 60 s, speaks within 2 s, and is never silent for 5 s', () =>
    expectSmooth(run))

  test('prints the seed, and says that the agents are no models', () => {
    expect(run.lines[0]).toContain(`seed ${SEED}`)
    expect(run.output).toContain('The agents were small programs, not models.')
  })

  test('[P2] loses nothing when the daemon is killed, and says in how many ms it was back', () => {
    expect(run.output).toMatch(/it is back in \d+ ms/)
    expect(run.output).toContain('the same three processes went on meanwhile; nothing is lost')
  })

  test('[P1] a flipped bit in a copy of the log is found, and the record is named', () => {
    expect(run.output).toMatch(/gt log verify: record \d+: /)
  })

  test('the last screen fits 80 columns and 24 lines', () => expectSmall(run))

  test('[P10] each command on the last screen runs as it is printed, and shows what is claimed', {
    timeout: 60_000,
  }, () => {
    const said = saidBy(run)
    const of = (part: string): string[] =>
      said.filter(([command]) => command.includes(part)).map(([, text]) => text)
    const authors = (of('git -C')[0] ?? '').trim().split('\n')
    expect(authors).toHaveLength(7)
    for (const author of authors) expect(author).toMatch(/^till\/polecats\/[a-z]+: /)
    const histories = of(' history ').join('\n')
    for (const step of ['mr.conflict', 'mr.fail', 'may begin bead', 'REWORK_REQUEST', 'MERGE_FAILED'])
      expect(histories, step).toContain(step)
    expect(of(' history town')[0]?.match(/town\.start/g)).toHaveLength(2)
    expect(of('status --at')[0]?.match(/ working /g)).toHaveLength(3)
    expect(of('replay --verify')[0]).toContain('equal')
    expect(of('gt status').at(-1)).toContain('0 model calls')
    expect(said).toHaveLength(8)
  })

  test('the landings are commits of their polecats, committed by the Refinery, on top of the 20', () => {
    const git = (...args: string[]) =>
      spawnSync('git', ['-C', join(run.folder, 'till.git'), ...args], { encoding: 'utf8' }).stdout.trim()
    expect(git('rev-list', '--count', 'main')).toBe('27')
    expect(new Set(git('log', '-7', '--format=%cn', 'main').split('\n'))).toEqual(new Set(['till/refinery']))
    expect(
      git('log', '-7', '--format=%(trailers:key=Bead,valueonly)', 'main').split('\n').filter(Boolean),
    ).toHaveLength(7)
  })

  test('[P1] state rebuilt at every position of the log equals the state that was live then', async () => {
    const log = spawnSync(join(run.folder, 'gt'), ['log', 'export'], {
      encoding: 'utf8',
      maxBuffer: 64 << 20,
    })
    const records = log.stdout
      .trimEnd()
      .split('\n')
      .map((line): LogRecord => JSON.parse(line))
    const { positions, differences } = await prefixReplay(records)
    expect(differences).toEqual([])
    expect(positions).toBe(records.length)
    expect(positions).toBeGreaterThan(200)
  }, 90_000)

  test('captions and last screen use at most five nouns of our own', () => expectFiveNouns(run))

  test('no process is left', () => expect(processesOf(run.folder)).toEqual([]))

  test('the last line removes everything', () => {
    const line = run.lines.filter((each) => each.includes('rm -rf ')).at(-1) ?? ''
    expect(spawnSync('sh', ['-c', line.trim()]).status).toBe(0)
    expect(existsSync(run.folder)).toBe(false)
  })
})

describe(`npm run demo -- --seed ${SEED + 1} --repo <path>`, () => {
  let person: string
  let run: Run
  let before: Map<string, string>
  let statusBefore: string
  beforeAll(async () => {
    person = mkdtempSync(join(tmpdir(), 'demo-person-'))
    makePersonsRepository(person)
    statusBefore = statusOf(person)
    before = digests(person)
    run = await demo(['--seed', String(SEED + 1), '--repo', person])
  }, 100_000)
  afterAll(() => {
    rmSync(run.folder, { recursive: true, force: true })
    rmSync(person, { recursive: true, force: true })
  })

  test('[P10] runs to its end within 60 s, speaks within 2 s, and is never silent for 5 s', () =>
    expectSmooth(run))

  test('[P5] leaves refs, config, index and every other file of the repository byte for byte as they were', () => {
    expect(digests(person)).toEqual(before)
    expect(statusOf(person)).toBe(statusBefore)
  })

  test('lands seven beads in a clone, on top of what the repository had', () => {
    const remote = join(run.folder, 'repo.git')
    const git = (...args: string[]) =>
      spawnSync('git', ['-C', remote, ...args], { encoding: 'utf8' }).stdout.trim()
    expect(git('rev-list', '--count', 'trunk')).toBe('9')
    expect(git('remote')).toBe('')
  })

  test('the last screen fits, its commands run, five nouns are enough, and no process is left', {
    timeout: 60_000,
  }, () => {
    expectSmall(run)
    expect(saidBy(run)).toHaveLength(8)
    expectFiveNouns(run)
    expect(processesOf(run.folder)).toEqual([])
  })
})

function demo(args: readonly string[]): Promise<Run> {
  // Of the person's PATH, without what npm put there for this run of the tests.
  const path = (process.env.PATH ?? '').split(':').filter((folder) => !folder.startsWith(ROOT))
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|VITEST)/.test(name)),
  )
  const slowBefore = slownessNow()
  const startedAt = performance.now()
  const child = spawn('npm', ['run', '-s', 'demo', '--', ...args], {
    cwd: ROOT,
    env: { ...env, PATH: path.join(':') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  let lastAt = startedAt
  let firstMs = 0
  let silenceMs = 0
  child.stdout.on('data', (chunk) => {
    const now = performance.now()
    if (output === '') firstMs = now - startedAt
    else silenceMs = Math.max(silenceMs, now - lastAt)
    lastAt = now
    output += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    errors += String(chunk)
  })
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const lines = output.split('\n')
      const last = lines.slice(lines.findLastIndex((line) => line.startsWith('All of this came true')))
      resolve({
        code,
        output: `${output}${errors}`,
        lines,
        firstMs,
        silenceMs,
        wholeMs: performance.now() - startedAt,
        slowness: Math.max(slowBefore, slownessNow()),
        folder: /rm -rf (\S+)/.exec(output)?.[1] ?? '/nowhere',
        last: last.at(-1) === '' ? last.slice(0, -1) : last,
        commands: last
          .filter((line) => /^ {4}\S/.test(line) && !line.includes('rm -rf'))
          .map((line) => line.trim()),
      })
    })
  })
}

function expectSmooth({ code, output, firstMs, silenceMs, wholeMs, slowness }: Run): void {
  expect(code, output).toBe(0)
  expect(wholeMs).toBeLessThan(60_000 * slowness)
  expect(firstMs).toBeLessThan(2_000 * slowness)
  expect(silenceMs).toBeLessThan(5_000 * slowness)
}

/** How much longer than on an idle machine a bare Node takes now: other tests run beside this one. */
function slownessNow(): number {
  const startedAt = performance.now()
  for (let n = 0; n < 3; n += 1) spawnSync(process.execPath, ['-e', '0'])
  return Math.max(1, (performance.now() - startedAt) / 3 / BARE_NODE_MS)
}

/** Bare start of Node on an idle machine with two cores, rounded up, in ms. */
const BARE_NODE_MS = 80

function expectSmall({ last, lines }: Run): void {
  expect(last.length).toBeLessThanOrEqual(24)
  for (const line of lines) expect([...line].length, line).toBeLessThanOrEqual(80)
}

function expectFiveNouns({ lines, last }: Run): void {
  const captions = lines.filter((line) => /^\d+\. /.test(line))
  expect(captions.length).toBeGreaterThanOrEqual(8)
  // Commands have their own words.
  const claims = last.filter((line) => !line.startsWith('    '))
  for (const line of [...captions, ...claims]) expect(line).not.toMatch(OTHER_NOUNS)
}

function saidBy({ commands, output }: Run): [command: string, said: string][] {
  return commands.map((command) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: '/', encoding: 'utf8' })
    expect(status, `${command}\n${stdout}${stderr}\n${output}`).toBe(0)
    return [command, stdout]
  })
}

function makePersonsRepository(folder: string): void {
  const git = (...args: string[]) => {
    const { status, stderr } = spawnSync(
      'git',
      ['-c', 'user.name=p', '-c', 'user.email=p@example.com', ...args],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    )
    if (status !== 0) throw new Error(stderr)
  }
  git('init', '-q', '-b', 'trunk')
  writeFileSync(join(folder, 'package.json'), '{ "scripts": { "test": "exit 1" } }\n')
  writeFileSync(join(folder, '.gitignore'), 'gt-demo/\n')
  git('add', '.')
  git('commit', '-qm', 'First')
  writeFileSync(join(folder, 'one.txt'), 'one\n')
  git('add', '.')
  git('commit', '-qm', 'Second')
  git('tag', 'v1')
  git('branch', 'side')
  git('remote', 'add', 'origin', join(folder, 'nowhere.git'))
  // Not clean, and something staged.
  writeFileSync(join(folder, 'one.txt'), 'one, changed\n')
  writeFileSync(join(folder, 'two.txt'), 'two\n')
  git('add', 'two.txt')
}

const statusOf = (folder: string): string =>
  spawnSync('git', ['--no-optional-locks', '-C', folder, 'status', '--porcelain=v2', '--branch'], {
    encoding: 'utf8',
  }).stdout

/** Every file below a folder, with its content, mode and time. */
function digests(folder: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const { mode, mtimeMs } = lstatSync(path)
    const content = entry.isFile() ? readFileSync(path) : entry.isSymbolicLink() ? readlinkSync(path) : ''
    found.set(path, `${mode} ${mtimeMs} ${createHash('sha256').update(content).digest('hex')}`)
  }
  return found
}
