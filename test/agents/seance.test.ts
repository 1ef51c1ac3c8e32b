// From one session to the next with the real Claude Code: a note that is read first, and a question to an earlier session.

import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MADE_UP_KEY } from './home.ts'
import { PATIENCE_MS, type Play, type Said, townOfClaude } from './town.ts'

const LAUNCHER = join(import.meta.dirname, '../../bin/gt')

const NOTE = 'Half is written. Left: commit half.txt, then gt done.'
const QUESTION = 'Why half of it?'

test('[TOWNUP-40] [TOWNUP-43] a fresh session reads the note first and lands; the first one is asked, and stays as it was', async () => {
  const town = await townOfClaude({ rig: { 'permissions.mode': 'bypass' } })
  const plays: Play[] = [
    { run: 'echo half > half.txt' },
    { run: `gt handoff '${NOTE}'` },
    { say: 'It is handed over.', afterMs: 60_000 },
  ]
  const then: Play[] = [{ run: 'git add -A && git commit -q -m Half' }, { run: 'gt done' }]
  const bead = await town.work('Write a half', ...plays)
  const { session: earlier } = await town.fact('it is handed over', 'WorkHandedOff', { bead }, PATIENCE_MS)
  // What the first session is about to ask is not answered by what is meant for the second.
  await town.fact('the first ends', 'SessionEnded', { session: earlier }, PATIENCE_MS)
  town.plays(bead, ...then)
  await town.lands(bead)
  expect(town.git('show', 'main:half.txt')).toBe('half')

  const starts = town.facts('RuntimeSessionKnown').filter(({ transcript }) => transcript !== null)
  const conversations = [...new Set(starts.map(({ runtimeSession }) => String(runtimeSession)))]
  expect(conversations).toHaveLength(2)
  const [first, second] = conversations
  const asked = town.model.requests.filter(({ session }) => session === second)
  expect(asked[0]?.prompt).toMatch(/^You left this note in an earlier session/)
  expect(asked[0]?.prompt.indexOf(NOTE)).toBeLessThan(asked[0]?.prompt.indexOf('Your work is bead') ?? 0)
  // Nothing is told twice.
  expect(asked[0]?.text.split(NOTE)).toHaveLength(2)

  // As the person, who is logged in.
  const env = {
    ...town.home.env({ ANTHROPIC_API_KEY: MADE_UP_KEY, ANTHROPIC_BASE_URL: town.model.url }),
    GT_TOWN: town.dir,
  }
  const gt = (...args: string[]): Promise<Said> =>
    new Promise((resolve) => {
      execFile(LAUNCHER, args, { env, cwd: town.home.root }, (error, stdout, stderr) =>
        resolve({ exitCode: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
      )
    })
  const listed = JSON.parse(
    (await gt('seance', String(earlier).replace(/\/sessions\/.*/, ''), '--json')).stdout,
  ).items
  expect(listed).toMatchObject([
    { runtime: 'claude', bead, done: true },
    { session: earlier, runtimeSession: first, asks: 'talk', done: false },
  ])
  const transcript = String(starts.find(({ runtimeSession }) => runtimeSession === first)?.transcript)
  const before = readFileSync(transcript)
  const answered = await gt('seance', '--talk', String(earlier), '-p', QUESTION, '--json')
  expect(answered.exitCode, answered.stderr).toBe(0)
  const found = JSON.parse(answered.stdout)
  expect(found.answer).not.toBeNull()
  expect(found.usage).toMatchObject([{ requests: 1 }])

  const [question] = town.model.all.filter(({ prompt }) => prompt === QUESTION)
  expect(question?.tools).toEqual([])
  expect(question?.text).toContain('echo half > half.txt')
  expect(readFileSync(transcript).equals(before)).toBe(true)
  expect(existsSync(transcript.replace(String(first), question?.session ?? 'none'))).toBe(false)
  await town.fact('it is counted', 'TokensUsed', { role: 'seance', session: earlier })

  const { stdout } = await gt('seance', '--talk', String(earlier), '-p', 'what was echo half', '--read')
  expect(stdout).toContain('This is no answer')
  expect(stdout).toContain('echo half > half.txt')
  await town.end()
})
