// The files by which a town and its host find and know each other, all in `<town>/.gt`.
//
// Owns:   their names, their modes, the key, and the one check that keeps a socket path from being cut.
// Always: what is created here can be read and written by its owner alone.

import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { TerminalError } from '../ports/terminals.ts'

export type HostFiles = {
  readonly folder: string
  readonly socket: string
  readonly key: string
  readonly pid: string
  readonly log: string
  readonly workerLog: string
}

/** Bytes of the longest socket path we accept. The kernel's limit is 107 on Linux and 103 on macOS. */
const SOCKET_PATH_BYTES_MAX = 100

export function hostFiles(townDir: string): HostFiles {
  const folder = path.join(path.resolve(townDir), '.gt')
  const files = {
    folder,
    socket: path.join(folder, 'host.sock'),
    key: path.join(folder, 'host.key'),
    pid: path.join(folder, 'host.pid'),
    log: path.join(folder, 'host.log'),
    workerLog: path.join(folder, 'worker.log'),
  }
  const bytes = Buffer.byteLength(files.socket)
  if (bytes > SOCKET_PATH_BYTES_MAX) {
    throw new TerminalError(
      'SOCKET_PATH_TOO_LONG',
      `the socket path ${files.socket} has ${bytes} bytes, ${SOCKET_PATH_BYTES_MAX} are possible: move the town to a shorter path`,
    )
  }
  return files
}

/** Pid of the host as its lock says, or null. Says nothing about whether it lives. */
export function hostPid(townDir: string): number | null {
  try {
    return (JSON.parse(readFileSync(hostFiles(townDir).pid, 'utf8')) as { pid: number }).pid
  } catch {
    return null
  }
}

/** The key that both sides must know. Created when absent, by whoever comes first. */
export function hostKey(files: HostFiles): string {
  mkdirSync(files.folder, { recursive: true, mode: 0o700 })
  try {
    writeFileSync(files.key, `${randomBytes(32).toString('hex')}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readFileSync(files.key, 'utf8').trim()
}
