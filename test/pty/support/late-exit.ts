// Prints how much a terminal handed on of a program whose end nobody told in time: node-pty closes it by itself then.

import { setTimeout as sleep } from 'node:timers/promises'
import { openPseudoTerminal } from '../../../src/pty/pseudo-terminal.ts'

let output = ''
const { promise: ended, resolve } = Promise.withResolvers<void>()
const terminal = openPseudoTerminal({
  file: '/bin/sh',
  args: ['-c', 'seq 1 2000; echo THE-END'],
  cwd: '/',
  env: { PATH: process.env.PATH ?? '' },
  columns: 80,
  rows: 24,
  onOutput: (bytes) => {
    output += bytes.toString('latin1')
  },
  onExit: () => resolve(),
})
process.removeAllListeners('SIGCHLD')
terminal.pause()
await sleep(50)
await ended
process.stdout.write(`${output.length} ${output.slice(-9, -2)}\n`)
