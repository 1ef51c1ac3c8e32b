// The command line against a town in memory that listens on a real socket, in this process.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main } from '../../src/cli/run.ts'
import { createTown, FIRST_SESSION, OPERATOR, tokenOf } from '../api/town.ts'

export type Ran = { readonly code: number; readonly out: string; readonly err: string }

/** One `gt`, with nothing of this machine in its environment. */
export async function gt(
  argv: readonly string[],
  { env = {}, cwd = tmpdir() }: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<Ran> {
  let out = ''
  let err = ''
  const code = await main(argv, {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: { HOME: join(tmpdir(), 'nobody'), ...env },
    cwd: () => cwd,
    on: () => undefined,
  })
  return { code, out, err }
}

export type Folder = { readonly dir: string; readonly socket: string; remove(): void }

/** A folder that looks like what `gt install` leaves, but for the log. */
export function townFolder(): Folder {
  const dir = mkdtempSync(join(tmpdir(), 'gt-cli-'))
  const own = join(dir, '.gt')
  mkdirSync(own)
  writeFileSync(join(own, 'town.json'), JSON.stringify({ townId: 't1', name: 'test', layout: 1 }))
  writeFileSync(join(own, 'operator.token'), OPERATOR)
  chmodSync(join(own, 'operator.token'), 0o600)
  writeFileSync(join(own, 'session.token'), tokenOf(FIRST_SESSION))
  return { dir, socket: join(own, 'gt.sock'), remove: () => rmSync(dir, { recursive: true, force: true }) }
}

export const sessionEnv = ({ dir, socket }: Folder): NodeJS.ProcessEnv => ({
  GT_SESSION: FIRST_SESSION,
  GT_ACTOR: 'shop/polecats/nux',
  GT_SOCKET: socket,
  GT_TOKEN_FILE: join(dir, '.gt', 'session.token'),
})

export async function createCliTown(options: { rig?: boolean } = {}) {
  const town = await createTown(options)
  const folder = townFolder()
  await town.server.listen({ path: folder.socket })
  return {
    ...town,
    folder,
    gt: (...argv: string[]) => gt(argv, { cwd: folder.dir }),
    gtInSession: (...argv: string[]) => gt(argv, { env: sessionEnv(folder) }),
    async close() {
      await town.close()
      folder.remove()
    },
  }
}

export type CliTown = Awaited<ReturnType<typeof createCliTown>>
