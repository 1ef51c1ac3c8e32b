// Nudges to the real Claude Code: whether each is taken once, and word for word.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fence } from '../test/agents/fence.ts'
import { fetchedProgram } from '../test/agents/versions.ts'
import type { Report } from './delivery-run.ts'
import type { Figure } from './stats.ts'

export async function delivery(): Promise<Figure> {
  const program = fetchedProgram('claude')
  const asked = 'each taken once, word for word, and none said to be that was not'
  const name = 'nudges to Claude Code: idle, at work, at a dialog, stopped'
  if (program === null)
    return { name, found: 'not run: `npm run agents` fetches the program', peer: '', asked, holds: false }
  const script = join(import.meta.dirname, 'delivery-run.ts')
  const [file = '', ...args] = [...fence(), process.execPath, script, program]
  const ran = spawnSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (ran.status !== 0) throw new Error(`bench/delivery-run.ts ended with ${ran.status ?? ran.signal}`)
  const report = JSON.parse(ran.stdout) as Report
  const { sent, taken, missing, falsely, doubled, altered } = report
  return {
    name,
    found: `${taken} receipts of ${sent}, ${missing} missing, ${falsely} false, ${doubled} doubled, ${altered} altered`,
    peer: `when idle taken ${report.idleMs.toFixed(0)} ms after gt was asked (median)`,
    asked,
    holds: sent >= 200 && taken === sent && missing + falsely + doubled + altered === 0,
  }
}
