// The host: a process of its own that keeps terminals, so that agents outlive the daemon and its upgrades.
//
// Usage:  node host.ts <town>
// Owns:   the life of the process: one per town, its socket, its files, its end.
// Always: it runs no timer while nothing happens. It ends by `shutdown` only; when it is killed, the kernel hangs
//         up on every session. The umask stays the operator's, for what agents and gates build is the operator's; what
//         is ours has its mode given and lies in a folder that others do not enter.

import { chmodSync, closeSync, rmSync, writeSync } from 'node:fs'
import { createServer } from 'node:net'
import { listens } from '../ports/listening.ts'
import { type Connection, serveConnection } from './connection.ts'
import { hostFiles, hostKey } from './host-files.ts'
import { holdsHostLock, takeHostLock } from './host-lock.ts'
import { HostWork } from './host-work.ts'
import { closeInherited } from './inherited.ts'
import { type HostEvent, PROTOCOL } from './protocol.ts'
import { loadEmulator } from './screen.ts'

/** The descriptor on which the host tells who started it that its socket answers. */
const READY_DESCRIPTOR = 3

async function main(townDir: string): Promise<void> {
  // A session leader without a terminal gets none of these; a stray one must not end everybody's agents.
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGPIPE'] as const) process.on(signal, () => {})

  closeInherited([READY_DESCRIPTOR])
  const files = hostFiles(townDir)
  const key = hostKey(files)
  if (!takeHostLock(files.pid)) return
  if (await listens(files.socket)) {
    rmSync(files.pid, { force: true })
    return
  }
  rmSync(files.socket, { force: true })

  const connections = new Set<Connection>()
  const tell = (event: HostEvent): void => {
    for (const connection of connections) connection.tell(event)
  }
  const close = (): void => {
    rmSync(files.socket, { force: true })
    if (holdsHostLock(files.pid)) rmSync(files.pid, { force: true })
    server.close()
    // The answer to `shutdown` goes out first.
    setImmediate(() => setImmediate(() => process.exit(0)))
  }
  const work = new HostWork({ workerLog: files.workerLog, tell, close })
  const info = { protocol: PROTOCOL, pid: process.pid, startedAt: Date.now() }
  const server = createServer((socket) =>
    serveConnection(socket, key, info, work, (connection) => {
      connections.add(connection)
      loadAhead()
      return () => connections.delete(connection)
    }),
  )
  server.on('error', fail)
  server.listen(files.socket, () => {
    chmodSync(files.socket, 0o600)
    if (!holdsHostLock(files.pid)) process.exit(0)
    tellReady()
  })
}

/** Ahead of the first session, but behind the first answer: whoever starts a host waits for that. */
function loadAhead(): void {
  setImmediate(() => void loadEmulator().catch(fail))
}

function tellReady(): void {
  try {
    writeSync(READY_DESCRIPTOR, '1')
    closeSync(READY_DESCRIPTOR)
  } catch {
    // Started by hand: nobody waits.
  }
}

function fail(error: Error): never {
  console.error(`${new Date().toISOString()} the host ended: ${error.stack ?? error.message}`)
  process.exit(1)
}

process.on('uncaughtException', (error) => {
  // One broken session must not take the others with it.
  console.error(`${new Date().toISOString()} ${error.stack ?? error.message}`)
})

const [townDir] = process.argv.slice(2)
if (townDir === undefined) fail(new Error('usage: host <town folder>'))
main(townDir).catch(fail)
