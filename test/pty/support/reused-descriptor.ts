// A program is killed while input waits for it, nobody is told in time, and files take every descriptor that comes
// free. Prints how much of the input got into one of them.

import { fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPseudoTerminal } from '../../../src/pty/pseudo-terminal.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'gt-reuse-'))
const files: number[] = []
let ready = (): void => {}
let over = (): void => {}
const isReady = new Promise<void>((resolve) => {
  ready = resolve
})
const isOver = new Promise<void>((resolve) => {
  over = resolve
})
const terminal = openPseudoTerminal({
  file: '/bin/sh',
  args: ['-c', 'stty raw -echo; echo READY; exec sleep 600'],
  cwd: '/',
  env: { PATH: process.env.PATH ?? '' },
  columns: 80,
  rows: 24,
  onOutput: (bytes) => {
    if (bytes.includes('READY')) ready()
  },
  onExit: over,
})
await isReady
terminal.write('x'.repeat(900_000))
process.removeAllListeners('SIGCHLD')
process.kill(terminal.pid, 'SIGKILL')
const take = setInterval(() => {
  if (files.length < 400) files.push(openSync(path.join(folder, String(files.length)), 'w'))
}, 1)
await isOver
for (let n = 0; n < 50; n++) files.push(openSync(path.join(folder, `late-${n}`), 'w'))
await sleep(300)
clearInterval(take)
const strayed = files.reduce((sum, file) => sum + fstatSync(file).size, 0)
process.stdout.write(
  `${files.length > 50 ? 'taken' : 'none taken'}, strayed ${strayed}, ${terminal.write('y')}\n`,
)
rmSync(folder, { recursive: true })
