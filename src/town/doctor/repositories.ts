// git on this machine, the repositories of each rig, and whether their remotes answer.

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { KnownRig } from '../../api/reads/known.ts'
import { checkGitVersion, firstLine, gitOutcome } from '../../git/git.ts'
import { layoutOf } from '../../git/layout.ts'
import { type Check, type Examined, type Found, notChecked, ok, reasonOf } from './types.ts'

/** A remote that says nothing for so long is not waited for, ms. */
const REMOTE_MS = 1_500

export const gitChecks: readonly Check[] = [{ group: 'git', name: 'git.version', run: gitIsNew }]

export const repositoryChecks: readonly Check[] = [
  { group: 'git', name: 'git.repositories', run: repositoriesAreThere },
  { group: 'git', name: 'git.remotes', run: remotesAnswer },
]

async function gitIsNew(): Promise<Found> {
  try {
    await checkGitVersion()
  } catch (error) {
    return { state: 'error', sentence: sentenceOf(reasonOf(error)), cure: 'install git 2.38 or later' }
  }
  return ok('git is there, and new enough.')
}

async function repositoriesAreThere(town: Examined): Promise<Found> {
  const { known, dir, daemon } = town
  if (known === null) return notChecked(town.unknownWhy)
  const active = known.rigs.filter(({ state }) => state !== 'cloning' && state !== 'failed')
  const gone = active.filter(({ name }) => !isWhole(dir, name))
  if (gone.length === 0)
    return ok(
      active.length === 0
        ? 'There is no rig (project) yet.'
        : `The repositories of ${count(active.length)} are there.`,
    )
  // Where something is left of it, a person looks first: it may be all that there is of somebody's work.
  const empty = gone.filter(({ name }) => isEmpty(dir, name))
  const names = gone.map(({ name }) => name).join(', ')
  const up = daemon.kind === 'answers'
  const found: Found = {
    state: 'error',
    sentence: `The folder of ${names} was removed, or parts of it; other rigs go on.`,
    items: gone.map(({ name, remote }) =>
      isEmpty(dir, name)
        ? `${name}: nothing is left in ${layoutOf(dir, name).root}; it can be made again from ${remote.url}`
        : `${name}: parts of ${layoutOf(dir, name).root} are missing; bring them back, or move what is left away`,
    ),
    cure: up ? 'gt doctor --fix' : 'gt up, then gt doctor --fix',
  }
  if (!up || empty.length === 0) return found
  return {
    ...found,
    async fix() {
      const said: string[] = []
      for (const { name } of empty)
        said.push(
          await town.command('rig.restore', { rig: name }).then(
            () => `${name} was made again from its remote`,
            (error: unknown) => `${name} was not made again: ${reasonOf(error)}`,
          ),
        )
      return `${said.join('; ')}.`
    },
  }
}

const isWhole = (dir: string, rig: string): boolean => {
  const { ready, own, shared } = layoutOf(dir, rig)
  return existsSync(ready) && existsSync(join(own, 'objects')) && existsSync(join(shared, 'HEAD'))
}

/** Nothing in it that anybody could miss. */
function isEmpty(dir: string, rig: string): boolean {
  try {
    return readdirSync(layoutOf(dir, rig).root).length === 0
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}

async function remotesAnswer({ known, unknownWhy }: Examined): Promise<Found> {
  if (known === null) return notChecked(unknownWhy)
  const rigs = known.rigs.filter(({ remote }) => remote.url !== '')
  if (rigs.length === 0) return ok('There is no remote to ask.')
  const answers = await Promise.all(rigs.map(askRemote))
  const refused = answers.filter(({ state }) => state === 'error')
  const silent = answers.filter(({ state }) => state === 'unknown')
  if (refused.length > 0)
    return {
      state: 'error',
      sentence: `${count(refused.length)} cannot reach where work lands.`,
      items: [...refused, ...silent].map(({ sentence }) => sentence),
      cure: 'git ls-remote <address> says more; correct the address or your access',
    }
  if (silent.length > 0) return notChecked(silent.map(({ sentence }) => sentence).join(' '))
  return ok(`The ${rigs.length === 1 ? 'remote answers' : `${rigs.length} remotes answer`}, with the target.`)
}

async function askRemote({ name, remote, target }: KnownRig): Promise<Found> {
  const args = ['ls-remote', '--exit-code', '--', remote.url, `refs/heads/${target}`]
  try {
    const { code, stderr } = await gitOutcome(args, { cwd: '/', access: 'remote', silentMsMax: REMOTE_MS })
    if (code === 0) return ok(`${name}: ${remote.url} answers.`)
    if (code === 2) return { state: 'error', sentence: `${name}: ${remote.url} has no branch ${target}.` }
    return code < 0
      ? notChecked(`${name}: ${remote.url} did not answer within ${REMOTE_MS / 1_000} s`)
      : { state: 'error', sentence: `${name}: ${firstLine(stderr)}.` }
  } catch {
    return notChecked(`${name}: ${remote.url} did not answer within ${REMOTE_MS / 1_000} s`)
  }
}

const count = (rigs: number): string => (rigs === 1 ? 'one rig' : `${rigs} rigs`)
const sentenceOf = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`
