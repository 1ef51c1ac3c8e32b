// gt history --follow, as a stream: across the end of a daemon, and until somebody has seen enough.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeTown } from '../support/town.ts'

const CLI = join(import.meta.dirname, '../../dist/src/cli/main.js')

test('[P4] gt history --follow goes on with the next daemon, misses nothing, and ends at once with Ctrl-C', async () => {
  const town = await makeTown()
  await town.up()
  const env = { PATH: process.env.PATH ?? '', HOME: town.temp, XDG_STATE_HOME: town.temp }
  const child = spawn(process.execPath, [CLI, '--town', town.dir, 'history', 'town', '--follow', '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve([code, signal])))
  const set = (value: string) => town.command('config.set', { key: 'domain', value })
  const told = (value: string) => town.until(`it tells of ${value}`, () => said.includes(value))
  await set('one.example')
  await told('one.example')
  await town.kill()
  await town.up()
  await set('two.example')
  await told('two.example')
  const steps = said
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { seq: number }).seq)
  expect(steps, 'each step once, in order').toEqual(
    [...new Set(steps)].toSorted((left, right) => left - right),
  )
  const { items } = (await town.get('/v1/history/town?steps=true')).body as { items: { seq: number }[] }
  expect(steps).toEqual(items.map(({ seq }) => seq))
  const began = performance.now()
  child.kill('SIGINT')
  expect(await ended).toEqual([0, null])
  expect(performance.now() - began).toBeLessThan(5_000)
  await town.down()
  await town.close()
}, 90_000)
