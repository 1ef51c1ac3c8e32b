import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { playRecording, recordedLines, stoppedBecause } from '../../src/pty/recorded.ts'
import { openRecording } from '../../src/pty/recording.ts'
import { folderOfFile } from '../support/folder.ts'

const dir = folderOfFile('gt-cast-')

function record(name: string, pieces: readonly string[]): string {
  const file = path.join(dir, name)
  const recording = openRecording(file, { columns: 40, rows: 10, term: 'xterm', startedAt: 0 })
  for (const piece of pieces) recording.output(piece)
  recording.close()
  return file
}

const never = new AbortController().signal

async function played(file: string, options: { speed?: number; idleLimit?: number } = {}) {
  let text = ''
  const output = { write: (data: string) => (text += data) }
  const found = await playRecording(file, { speed: 1, idleLimit: 0, output, signal: never, ...options })
  return { found, text }
}

test('[PTY-26] the last lines of a recording are those that a person saw, beyond what a screen remembers', async () => {
  const lines = Array.from({ length: 3000 }, (_, n) => `line ${n}`)
  const file = record('lines', [
    ...lines.map((line) => `wrong\r\x1b[K${line}\r\n`),
    '\x1b]0;title\x07last\u202e',
  ])
  expect(await recordedLines(file, 2)).toBe('line 2999\nlast\\u202e')
  expect((await recordedLines(file, 2000))?.split('\n')).toHaveLength(2000)
  expect(await recordedLines(path.join(dir, 'none'), 2)).toBeNull()
})

test('[PTY-26] a recording that was cut in the middle of a line by a crash is read up to there', async () => {
  const file = record('cut', ['one\r\n', 'two\r\n'])
  appendFileSync(file, '[1.5,"o","thr')
  expect(await recordedLines(file, 5)).toBe('one\ntwo')
  expect((await played(file)).text).toBe('one\r\ntwo\r\n')
})

// Above its limit the system says that a file is too large, as it says of a disk that it is full.
const TO_THE_LIMIT = `
  import { openRecording } from ${JSON.stringify(path.join(import.meta.dirname, '../../src/pty/recording.ts'))}
  const [file, piece] = process.argv.slice(1)
  const recording = openRecording(file, { columns: 40, rows: 10, term: 'xterm', startedAt: 0 })
  for (let n = 0; n < 200; n++) recording.output(String(n).padEnd(Number(piece), 'x') + '\\r\\n')
  recording.close()`

test.each([10, 68, 69, 70, 71, 72, 400, 5000])(
  '[PTY-7] on a full disk a recording ends after whole lines with a marker and why (%i)',
  async (piece) => {
    const file = path.join(dir, `full ${piece}`)
    const script = `trap '' XFSZ; ulimit -f 8; exec "$0" --input-type=module -e "$1" "$2" ${piece}`
    execFileSync('/bin/sh', ['-c', script, process.execPath, TO_THE_LIMIT, file])
    const lines = readFileSync(file, 'utf8').split('\n')
    expect(lines.pop()).toBe('')
    const events = lines.slice(1).map((line) => JSON.parse(line) as [number, string, string])
    expect(events.at(-1)).toEqual([
      expect.any(Number),
      'm',
      expect.stringMatching(/^recording stopped: EFBIG/),
    ])
    expect(events.slice(0, -1).map(([, code]) => code)).not.toContain('m')
    expect(events.slice(0, -1).map(([, , data]) => Number.parseInt(data, 10))).toEqual(
      Array.from({ length: events.length - 1 }, (_, n) => n),
    )
    expect(await stoppedBecause(file)).toMatch(/^EFBIG/)
    expect((await played(file)).text).toMatch(/\r\n\[recording stopped: EFBIG.*\]\r\n$/)
  },
)

test('[PTY-26] [P9] what is played draws, and does nothing else to the terminal', async () => {
  const file = record('hostile', ['\x1b[31mred\x1b[0m\x1b]52;c;aGk=\x07', '\x1b[6n\x1b]0;ti', 'tle\x07.\r\n'])
  expect(await played(file)).toEqual({ found: true, text: '\x1b[31mred\x1b[0m.\r\n' })
  expect((await played(path.join(dir, 'none'))).found).toBe(false)
})

test('[PTY-26] pauses are kept, shortened to the limit, and divided by the speed', async () => {
  const file = path.join(dir, 'timed')
  const events = [
    [0.1, 'o', 'a'],
    [100, 'o', 'b'],
    [100.2, 'o', 'c'],
  ]
  writeFileSync(
    file,
    `${[{ version: 2, width: 80, height: 24 }, ...events].map((one) => JSON.stringify(one)).join('\n')}\n`,
  )
  const from = performance.now()
  expect((await played(file, { speed: 2, idleLimit: 0.4 })).text).toBe('abc')
  const took = performance.now() - from
  expect(took).toBeGreaterThan(320)
  expect(took).toBeLessThan(3000)
})

test('[PTY-7] a recording keeps to asciicast v2: a header, then [seconds, code, text] of known codes, times rising', async () => {
  const file = path.join(dir, 'standard')
  const recording = openRecording(file, {
    columns: 40,
    rows: 10,
    term: 'xterm',
    startedAt: 5000,
    bytesMax: 2000,
  })
  recording.output('a\u2028b\ud83d\x00\x1b[0m')
  recording.resize({ columns: 50, rows: 12 })
  for (let n = 0; n < 100; n++) recording.output(`line ${n}\r\n`)
  recording.close()
  const [head, ...rest] = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(JSON.parse(head ?? '')).toEqual({
    version: 2,
    width: 40,
    height: 10,
    timestamp: 5,
    env: { TERM: 'xterm' },
  })
  const events = rest.map((line) => JSON.parse(line) as [number, string, string])
  let last = 0
  for (const event of events) {
    expect(event).toHaveLength(3)
    expect(event[0]).toBeGreaterThanOrEqual(last)
    expect(['o', 'r', 'm']).toContain(event[1])
    expect(typeof event[2]).toBe('string')
    last = event[0]
  }
  expect(events.find(([, code]) => code === 'r')?.[2]).toBe('50x12')
  expect(events.at(-1)?.[1]).toBe('m')
})
