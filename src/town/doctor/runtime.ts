// What runs gt: Node, the native addons, and the copy of the program that a town has.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readDaemonFile } from '../daemon-file.ts'
import { currentProgram, ownProgram } from '../program/program.ts'
import { type Check, type Found, ok, reasonOf } from './types.ts'

/** About this machine: no town is needed. */
export const runtimeChecks: readonly Check[] = [
  { group: 'runtime', name: 'runtime.node', run: async () => nodeIsPinned() },
  { group: 'runtime', name: 'runtime.addons', run: addonsLoad },
]

export const programChecks: readonly Check[] = [
  {
    group: 'runtime',
    name: 'runtime.program',
    run: async ({ dir, daemon }) => programIsKept(dir, daemon.kind),
  },
]

function nodeIsPinned(): Found {
  const { dir } = ownProgram()
  const wanted = (
    JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { dependencies: { node: string } }
  ).dependencies.node
  const running = process.version.replace(/^v/, '')
  if (running === wanted) return ok(`Node ${running}, the version that gt is tested with.`)
  return {
    state: 'warning',
    sentence: `gt runs on Node ${running}, and is tested with ${wanted}.`,
    cure: existsSync(join(dir, 'node_modules/node/bin/node'))
      ? `${join(dir, 'bin/gt')} finds the right one by itself`
      : `npm ci in ${dir}`,
  }
}

async function addonsLoad(): Promise<Found> {
  const failed: string[] = []
  for (const name of ['classic-level', 'node-pty'])
    await import(name).catch((error: unknown) => failed.push(`${name}: ${reasonOf(error).split('\n')[0]}`))
  if (failed.length === 0) return ok('The native parts of gt (log, terminals) load.')
  return {
    state: 'error',
    sentence: 'A native part of gt does not load on this machine.',
    items: failed,
    cure: `npm ci in ${ownProgram().dir}`,
  }
}

function programIsKept(dir: string, daemon: string): Found {
  const own = ownProgram()
  const kept = currentProgram(dir)
  const runs = daemon === 'answers' ? readDaemonFile(dir) : null
  if (runs !== null && kept === null && runs.program !== null)
    return {
      state: 'error',
      sentence: 'The copy of gt that the agents of this town call is not there.',
      cure: 'gt restart',
    }
  if (runs !== null && runs.program !== own.digest)
    return {
      state: 'warning',
      sentence: `The town runs another gt (${runs.version}) than this one (${own.version}).`,
      cure: 'gt restart',
    }
  return ok(
    runs === null
      ? 'gt up gives the town a copy of this program.'
      : `The town runs this gt (${own.version}).`,
  )
}
