// Runs a command of the rig (setup or gate) as an argument vector, and ends all of it.
//
// Owns:      the process group, its time-out, its bounded output.
// Does not:  know git; decide what a failure means.
// Always:    the child sees descriptors 0 (empty), 1 and 2; when the result is there, no process of its group lives.

import { spawn } from 'node:child_process'
import { lstat } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { logTail, neutralised } from './log-tail.ts'
import { endGroup, endMarked } from './marked-processes.ts'

export type CommandResult = {
  readonly exitCode: number | null
  readonly durationMs: number
  readonly logTail: string
  readonly outcome: 'passed' | 'failed' | 'timedOut' | 'notStarted'
}

/** Variable that every process of a command inherits; its value is the folder the command runs in. */
const RUN_MARK = 'GT_RUN_IN'

/** Between the polite and the hard end of a group, in ms: a test runner writes its summary on SIGTERM. */
const KILL_DELAY_MS = 500
/** How long output may still come after the command itself ended, in ms; then its pipes are closed. */
const DRAIN_MS = 500

const groups = new Set<number>()
const cleared = new Set<string>()

export async function runCommand(input: {
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** Written to its standard input, which is empty otherwise. */
  readonly input?: string
  /** What its processes are known by, when others run in the same folder; the folder when left out. */
  readonly mark?: string
  /** What it starts in a session of its own may go on after it, if it ended in time. */
  readonly mayLeave?: true
  /** Bytes of its output that are kept; 8,192 when left out. */
  readonly outputMax?: number | undefined
  /** Nobody wants to hear of it any more: it ends at once, as a whole. */
  readonly signal?: AbortSignal | undefined
}): Promise<CommandResult> {
  const [program, ...args] = input.command
  const begun = performance.now()
  const tail = logTail(input.outputMax)
  const since = () => Math.round(performance.now() - begun)
  const notStarted = (why: string): CommandResult => ({
    exitCode: null,
    durationMs: since(),
    logTail: neutralised(why),
    outcome: 'notStarted',
  })
  if (program === undefined || program === '') return notStarted('The command is empty.')
  if (input.command.some((part) => part.includes('\0')))
    return notStarted('The command holds a NUL character.')
  const mark = input.mark ?? input.cwd
  if (input.mark === undefined) await clearOnce(input.cwd)
  // spawn says ENOENT for a missing folder too, and blames the program.
  if (!(await lstat(input.cwd).catch(() => null))?.isDirectory())
    return notStarted(`There is no folder ${input.cwd}.`)
  let child: ReturnType<typeof start>
  try {
    child = start(program, args, { ...input, env: { ...input.env, ...hostMark(), [RUN_MARK]: mark } })
  } catch (error) {
    // What spawn itself refuses: arguments that are too long, no memory.
    return notStarted(error instanceof Error ? error.message : String(error))
  }
  return await new Promise((resolve) => {
    let timedOut = false
    let escaped: Promise<void> | null = null
    let timer: NodeJS.Timeout | undefined
    const { pid } = child
    if (pid !== undefined) groups.add(pid)
    // One that ends without reading is no error of ours.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input.input)
    child.stdout?.on('data', tail.add)
    child.stderr?.on('data', tail.add)
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (pid !== undefined) return
      const why =
        error.code === 'ENOENT'
          ? `${program} was not found on PATH.`
          : error.code === 'EACCES'
            ? `${program} may not be run.`
            : error.message
      clearTimeout(timer)
      resolve(notStarted(why))
    })
    if (pid === undefined) return
    timer = setTimeout(
      () => {
        timedOut = true
        signalGroup(pid, 'SIGTERM')
        setTimeout(() => signalGroup(pid, 'SIGKILL'), KILL_DELAY_MS).unref()
      },
      Math.max(1, Math.min(input.timeoutMs, 2 ** 31 - 1)),
    )
    const end = () => signalGroup(pid, 'SIGKILL')
    input.signal?.addEventListener('abort', end)
    if (input.signal?.aborted === true) end()
    child.on('exit', () => {
      clearTimeout(timer)
      input.signal?.removeEventListener('abort', end)
      // What it left running would change the folder under the next command, in a group of its own as well.
      signalGroup(pid, 'SIGKILL')
      if (timedOut || input.mayLeave !== true) escaped = endMarked(RUN_MARK, mark)
      setTimeout(() => {
        child.stdout?.destroy()
        child.stderr?.destroy()
      }, DRAIN_MS).unref()
    })
    child.on('close', (code) => {
      groups.delete(pid)
      const rest = [endGroup(pid), escaped]
      const outcome = timedOut ? 'timedOut' : code === 0 ? 'passed' : 'failed'
      const result = {
        exitCode: timedOut ? null : code,
        durationMs: since(),
        logTail: tail.text(),
        outcome,
      } as const
      void Promise.all(rest).then(() => resolve(result))
    })
  })
}

function start(
  program: string,
  args: readonly string[],
  {
    cwd,
    env,
    input,
  }: { readonly cwd: string; readonly env: Record<string, string>; readonly input?: string },
) {
  return spawn(program, args, {
    cwd,
    env,
    // A session and process group of its own: ended as a whole, and without our terminal.
    detached: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    windowsHide: true,
  })
}

/**
 * The host ends what carries the worker's own mark when the worker is gone. Commands carry it; git does not, as a git
 * that is killed leaves locks, and ends by itself in a moment.
 */
function hostMark(): Record<string, string> {
  const mark = process.env.GT_WORKER
  return mark === undefined ? {} : { GT_WORKER: mark }
}

/** Ends everything that runs, at once. For the end of the worker. */
export function endAllCommands(): void {
  for (const pid of groups) signalGroup(pid, 'SIGKILL')
}

/** Once in the life of this process: what an earlier one started under that mark, and was killed, ends now. */
export async function clearOnce(mark: string): Promise<void> {
  if (cleared.has(mark)) return
  cleared.add(mark)
  await endMarked(RUN_MARK, mark)
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // The group is gone.
  }
}
