// A session: one program in one terminal, with its screen, its recording and those who look at it.
//
// Owns:   the way of every byte of output: secrets blotted out, recording, then screen and viewers; and the ending.
// Always: the ending is set once, after the last output is in the recording.

import { StringDecoder } from 'node:string_decoder'
import { type MaskStream, masker } from '../events/mask.ts'
import { secretValues } from '../events/secrets.ts'
import type { ScreenView } from '../ports/presets.ts'
import { type SessionEnding, type SessionInfo, type SessionSpec, TerminalError } from '../ports/terminals.ts'
import { inBatches } from './batches.ts'
import { findExecutable } from './executable.ts'
import { type ProcessIdentity, processes, sessionMarker } from './processes.ts'
import type { Size } from './protocol.ts'
import { openPseudoTerminal, type PseudoTerminal } from './pseudo-terminal.ts'
import { type Quiet, watchQuiet } from './quiet.ts'
import { openRecording, type Recording } from './recording.ts'
import { type EmulatorParts, loadEmulator, Screen } from './screen.ts'
import { viewerFilter } from './viewer-filter.ts'

/** Somebody who watches. Answers false when it cannot take more for now; then `resync` follows. */
export type Viewer = {
  readonly watch: boolean
  show(data: string): boolean
}

/** How long output is held that may be the beginning of a secret, in ms. */
const HOLD_MS = 20

/** Characters that may wait for the screen emulator before the program has to wait. */
const BACKLOG_MAX = 1024 * 1024

export class Session {
  readonly id: string
  readonly marker: readonly string[]
  readonly ended: Promise<SessionEnding>
  readonly #spec: SessionSpec
  readonly #startedAt = Date.now()
  readonly #screen: Screen
  readonly #recording: Recording
  readonly #terminal: PseudoTerminal
  readonly #leader: ProcessIdentity | null
  readonly #decoder = new StringDecoder('utf8')
  readonly #viewers = new Map<Viewer, 'waiting' | 'live' | 'behind'>()
  readonly #quiet: Quiet
  readonly #mask: MaskStream
  #holding: NodeJS.Timeout | undefined
  #filter = viewerFilter()
  #size: Size
  #ending: SessionEnding | null = null
  #lastOutputAt: number | null = null
  #head = ''
  readonly #batches = inBatches((bytes) => this.#printed(bytes))
  #isPaused = false

  /** `onQuiet` is called when it printed and is silent, or changed its title. Throws a TerminalError NOT_STARTED. */
  static async start(spec: SessionSpec, onQuiet: (screen: ScreenView) => void): Promise<Session> {
    const file = findExecutable(spec)
    const townId = spec.env.GT_TOWN_ID
    if (!townId) throw new TerminalError('NOT_STARTED', 'the environment of a session must hold GT_TOWN_ID')
    const emulator = await loadEmulator()
    try {
      return new Session(spec, file, townId, emulator, onQuiet)
    } catch (error) {
      if (error instanceof TerminalError) throw error
      throw new TerminalError('NOT_STARTED', `It did not begin: ${(error as Error).message}.`, error)
    }
  }

  private constructor(
    spec: SessionSpec,
    file: string,
    townId: string,
    emulator: EmulatorParts,
    onQuiet: (screen: ScreenView) => void,
  ) {
    this.id = spec.id
    this.marker = sessionMarker(townId, spec.id)
    this.#spec = spec
    this.#size = { columns: spec.columns, rows: spec.rows }
    this.#mask = masker([...(spec.secrets ?? []), ...secretValues(spec.env)]).stream()
    this.#quiet = watchQuiet(() => void this.#screen.view().then(onQuiet))
    const term = spec.env.TERM ?? 'xterm-256color'
    this.#recording = openRecording(spec.recording, { ...this.#size, term, startedAt: this.#startedAt })
    const { promise, resolve } = Promise.withResolvers<SessionEnding>()
    this.ended = promise
    this.#terminal = openPseudoTerminal({
      file,
      args: spec.command.slice(1),
      cwd: spec.cwd,
      env: { ...spec.env, TERM: term, GT_SESSION: spec.id },
      ...this.#size,
      onOutput: (bytes) => this.#batches.push(bytes),
      onExit: (exitCode, signal) => void this.#exit(exitCode, signal).then(resolve),
    })
    // Made while the program comes up: its output is read in a later turn of the event loop.
    this.#screen = Screen.with(emulator, this.#size, {
      reply: (data) => this.write(data),
      titled: () => this.#quiet.titled(),
      taken: () => this.#goOn(),
    })
    this.#leader = processes.identify(this.#terminal.pid)
  }

  get info(): SessionInfo {
    return {
      id: this.id,
      pid: this.#terminal.pid,
      startedAt: this.#startedAt,
      ending: this.#ending,
      lastOutputAt: this.#lastOutputAt,
    }
  }

  get size(): Size {
    return this.#size
  }

  /** The program as a process, or null when it was gone before it could be looked at. */
  get leader(): ProcessIdentity | null {
    return this.#leader
  }

  write(data: string): boolean {
    return this.#ending === null && this.#terminal.write(data)
  }

  resize(size: Size): void {
    const { columns, rows } = this.#size
    if (this.#ending !== null || (columns === size.columns && rows === size.rows)) return
    this.#size = size
    this.#terminal.resize(size.columns, size.rows)
    this.#screen.resize(size)
    this.#recording.resize(size)
  }

  async peek(lines: number): Promise<string> {
    await this.#takePrinted()
    return this.#screen.lines(lines)
  }

  async screen(): Promise<ScreenView> {
    await this.#takePrinted()
    return this.#screen.view()
  }

  /** The viewer is shown the screen as it is, then all output after it. */
  attach(viewer: Viewer): void {
    if (this.#viewers.size === 0) this.#filter = viewerFilter()
    this.#viewers.set(viewer, 'behind')
    this.resync(viewer)
  }

  detach(viewer: Viewer): void {
    this.#viewers.delete(viewer)
    // The size was the viewer's; the program goes back to the one it was started with.
    if (![...this.#viewers.keys()].some((other) => !other.watch)) this.resize(this.#spec)
  }

  /** Shows the whole screen to a viewer that fell behind. */
  resync(viewer: Viewer): void {
    if (this.#viewers.get(viewer) !== 'behind') return
    this.#viewers.set(viewer, 'waiting')
    let missed = ''
    const collect: Viewer = {
      watch: true,
      show(data) {
        missed += data
        return true
      },
    }
    this.#viewers.set(collect, 'live')
    this.#screen.replay((replay) => {
      this.#viewers.delete(collect)
      if (this.#viewers.get(viewer) !== 'waiting') return
      this.#viewers.set(viewer, viewer.show(`\x1b[0m\x1b[H\x1b[2J${replay}${missed}`) ? 'live' : 'behind')
    })
  }

  /** Takes in what the terminal holds by now: the event loop looks at it once more before the second turn. */
  async #takePrinted(): Promise<void> {
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    this.#batches.flush()
  }

  #printed(bytes: Uint8Array): void {
    clearTimeout(this.#holding)
    const masked = this.#mask.push(bytes)
    if (this.#mask.holds)
      this.#holding = setTimeout(() => this.#output(this.#decode(this.#mask.quiet())), HOLD_MS)
    this.#output(this.#decode(masked))
  }

  #decode({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBufferLike>): string {
    return this.#decoder.write(Buffer.from(buffer, byteOffset, byteLength))
  }

  #output(data: string): void {
    if (data === '') return
    this.#lastOutputAt = Date.now()
    this.#quiet.printed()
    if (this.#head.length < 64) this.#head += data.slice(0, 64)
    this.#recording.output(data)
    this.#screen.write(data)
    if (!this.#isPaused && this.#screen.waiting > BACKLOG_MAX) {
      this.#isPaused = true
      this.#terminal.pause()
    }
    if (this.#viewers.size === 0) return
    const shown = this.#filter(data)
    for (const [viewer, state] of this.#viewers) {
      if (state === 'live' && !viewer.show(shown)) this.#viewers.set(viewer, 'behind')
    }
  }

  #goOn(): void {
    if (!this.#isPaused || this.#screen.waiting > BACKLOG_MAX / 2) return
    this.#isPaused = false
    this.#terminal.resume()
  }

  async #exit(exitCode: number, signal: string | null): Promise<SessionEnding> {
    this.#batches.flush()
    clearTimeout(this.#holding)
    this.#output(this.#decode(this.#mask.end()) + this.#decoder.end())
    this.#quiet.end()
    this.#recording.close()
    this.#ending = endingOf(exitCode, signal, this.#head)
    const ending = this.#ending
    await this.#screen.freeze()
    return ending
  }
}

/** Between fork and exec node-pty can only print why the program did not start, and exit with 1. */
function endingOf(exitCode: number, signal: string | null, head: string): SessionEnding {
  if (signal !== null) return { kind: 'killed', signal }
  const [, reason] = /^((?:execvp|chdir)\([23]\) failed[^\r\n]*)/.exec(head) ?? []
  if (exitCode === 1 && reason !== undefined) return { kind: 'notStarted', message: reason }
  return { kind: 'exited', exitCode }
}
