// Which town is meant: --town, GT_TOWN, the nearest ancestor that `gt install` made, or the only one of this user.
//
// Always:    a folder that merely contains something called like a town (a checkout, say) is none: what install made
//            belongs to this user, and its token is readable by nobody else, which no checkout can bring about.

import { lstatSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ClientFault } from './fault.ts'
import { registeredTowns } from './registry.ts'

export type FoundTown = {
  readonly dir: string
  readonly id: string
  readonly name: string
  /** `registry`: nobody named it; whoever asked should be told which it is. */
  readonly how: 'option' | 'environment' | 'folder' | 'registry'
}

/** @throws {ClientFault} NO_TOWN, TOWN_NOT_CHOSEN. */
export function findTown(named: string | undefined, cwd: string, env: NodeJS.ProcessEnv): FoundTown {
  if (named !== undefined) return required(resolve(cwd, named), 'option')
  const fromEnv = env.GT_TOWN
  if (fromEnv !== undefined && fromEnv !== '') return required(resolve(cwd, fromEnv), 'environment')
  for (let dir = resolve(cwd); ; dir = dirname(dir)) {
    const found = townIn(dir, 'folder')
    if (found !== null) return found
    if (dirname(dir) === dir) break
  }
  const known = registeredTowns(env).flatMap(({ dir }) => townIn(dir, 'registry') ?? [])
  const [only] = known
  if (only === undefined) throw new ClientFault('NO_TOWN', 'There is no town (folder of all your work) here.')
  if (known.length === 1) return only
  const dirs = known.map(({ dir }) => dir)
  throw new ClientFault('TOWN_NOT_CHOSEN', `There are several towns: ${dirs.join(', ')}.`, {
    details: { towns: dirs },
  })
}

function required(dir: string, how: FoundTown['how']): FoundTown {
  const found = townIn(dir, how)
  if (found === null) throw new ClientFault('NO_TOWN', `${dir} is not a town (made by gt install).`)
  return found
}

export const socketOf = (dir: string): string => join(dir, '.gt', 'gt.sock')

function townIn(dir: string, how: FoundTown['how']): FoundTown | null {
  const own = join(dir, '.gt')
  try {
    const token = lstatSync(join(own, 'operator.token'))
    const mine = process.getuid === undefined || token.uid === process.getuid()
    if (!token.isFile() || !mine || (token.mode & 0o077) !== 0) return null
    const identity = JSON.parse(readFileSync(join(own, 'town.json'), 'utf8')) as {
      townId?: unknown
      name?: unknown
    }
    return { dir, id: String(identity.townId), name: String(identity.name), how }
  } catch {
    return null
  }
}

/** @throws {ClientFault} OPERATOR_TOKEN_MISSING. */
export function operatorToken(dir: string): string {
  try {
    return readFileSync(join(dir, '.gt', 'operator.token'), 'utf8').trim()
  } catch (cause) {
    throw new ClientFault('OPERATOR_TOKEN_MISSING', `The token of the town ${dir} cannot be read.`, { cause })
  }
}
