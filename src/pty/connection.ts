// One client of the host: checks who it is, then does what it asks.
//
// Owns:   the handshake, the right of each kind of client, and what this viewer is attached to.
// Does not: know terminals; everything is done by HostWork.
// Always: nothing is done and nothing is told before a `hello` with the right key.

import { timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import { send, textLines } from '../ports/json-lines.ts'
import { TerminalError } from '../ports/terminals.ts'
import type { HostWork } from './host-work.ts'
import {
  type Answer,
  type HostEvent,
  type HostInfo,
  LINE_CHARS_MAX,
  type Operation,
  type Operations,
  PROTOCOL,
  parseRequest,
  type Request,
} from './protocol.ts'
import type { Session, Viewer } from './session.ts'

export type Connection = {
  /** Tells a daemon; viewers hear only of what they are attached to. */
  tell(event: HostEvent): void
}

/** Bytes that may wait for a slow viewer before it is left behind and shown the screen anew. */
const VIEWER_BYTES_MAX = 1024 * 1024
/** How long a connection may take to say who it is, in ms. */
const HELLO_MS = 5000

const VIEWER_MAY: ReadonlySet<Operation> = new Set(['list', 'peek', 'attach', 'detach', 'write', 'resize'])

type Result = Operations[Operation]['answer']

export function serveConnection(
  socket: Socket,
  key: string,
  info: HostInfo,
  work: HostWork,
  onKnown: (connection: Connection) => () => void,
): void {
  let client: 'daemon' | 'viewer' | null = null
  let left = (): void => {}
  let watches = false
  const attached = new Map<string, { session: Session; viewer: Viewer }>()

  const connection: Connection = {
    tell(event) {
      if (event.event === 'quiet') {
        // What a screen showed a moment ago is worth nothing to a daemon that has no time to read it.
        if (watches && !socket.writableNeedDrain) send(socket, event)
      } else if (client === 'daemon' || (event.event === 'ending' && attached.has(event.id)))
        send(socket, event)
    },
  }

  const hello = (request: Request): HostInfo => {
    if (request.op !== 'hello') throw refused('say hello first')
    if (!sameKey(request.key, key)) throw refused('this is not the key of the town that the host serves')
    client = request.client
    clearTimeout(impatience)
    left = onKnown(connection)
    return { ...info, protocol: Math.min(PROTOCOL, request.protocol) }
  }

  const attach = async (id: string, watch: boolean): Promise<Session> => {
    const session = await work.begun(id)
    if (socket.destroyed) throw refused('the connection is closed')
    attached.get(id)?.session.detach(attached.get(id)?.viewer as Viewer)
    const viewer: Viewer = {
      watch,
      show(data) {
        send(socket, { event: 'output', id, data } satisfies HostEvent)
        return socket.writableLength < VIEWER_BYTES_MAX
      },
    }
    attached.set(id, { session, viewer })
    return session
  }

  /** The session that this connection may type into. */
  const typable = (id: string): Session => {
    const found = attached.get(id)
    if (client === 'viewer' && (found === undefined || found.viewer.watch)) {
      throw refused('typing needs an attachment that does not only watch')
    }
    return found?.session ?? work.session(id)
  }

  const run = (request: Request): Result | Promise<Result> => {
    if (client === null) return hello(request)
    if (client === 'viewer' && !VIEWER_MAY.has(request.op))
      throw refused(`a viewer may not ask for ${request.op}`)
    switch (request.op) {
      case 'hello':
        throw refused('hello was said already')
      case 'watch':
        watches = true
        return null
      case 'attach':
        return attach(request.id, request.watch).then((session) => {
          if (!request.watch && request.size !== null) session.resize(request.size)
          return { ...session.size, ending: session.info.ending }
        })
      case 'detach': {
        const found = attached.get(request.id)
        attached.delete(request.id)
        found?.session.detach(found.viewer)
        return null
      }
      case 'write':
        if (!typable(request.id).write(request.data)) {
          throw new TerminalError(
            'INPUT_REFUSED',
            'the program ended, or has not read its input for too long',
          )
        }
        return null
      case 'resize':
        typable(request.id).resize(request.size)
        return null
      default:
        return work.run(request)
    }
  }

  const answer = async (request: Request): Promise<void> => {
    const { n } = request
    try {
      const ok = await run(request)
      send(socket, { n, ok } satisfies Answer)
      // Only now, so that the answer is read before the first output.
      const shown = request.op === 'attach' ? attached.get(request.id) : undefined
      if (shown !== undefined) shown.session.attach(shown.viewer)
    } catch (error) {
      const code = error instanceof TerminalError ? error.code : 'HOST_REFUSED'
      send(socket, { n, error: { code, message: (error as Error).message } } satisfies Answer)
      if (client === null) socket.end()
    }
  }

  const impatience = setTimeout(() => socket.destroy(), HELLO_MS)
  socket.on('error', () => socket.destroy())
  socket.on('drain', () => {
    for (const { session, viewer } of attached.values()) session.resync(viewer)
  })
  socket.on('close', () => {
    clearTimeout(impatience)
    left()
    for (const { session, viewer } of attached.values()) session.detach(viewer)
    attached.clear()
  })
  const take = (line: string): void => {
    let request: Request
    try {
      request = parseRequest(line)
    } catch (error) {
      const message = error instanceof SyntaxError ? 'a line is not JSON' : (error as Error).message
      send(socket, { n: -1, error: { code: 'HOST_REFUSED', message } } satisfies Answer)
      socket.end()
      return
    }
    void answer(request)
  }
  textLines(socket, take, { charsMax: LINE_CHARS_MAX })
}

function refused(message: string): TerminalError {
  return new TerminalError('HOST_REFUSED', message)
}

function sameKey(given: string, key: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(key)]
  return a.length === b.length && timingSafeEqual(a, b)
}
