// One run of `gt`: finds the command, parses its words, runs it, and says what went wrong.
//
//   Exit codes: 0 done; 1 refused, failed, or a check found something; 2 wrong usage; 124 timed out.

import type { Connection } from '../client/connection.ts'
import { ClientFault } from '../client/fault.ts'
import type { Command } from './command.ts'
import { parseCommandLine } from './options.ts'
import { createOutput, type Streams, writeError } from './output.ts'
import { COMMAND_NAMES, commandNamed, loadCommand } from './table.ts'
import { UsageError } from './usage.ts'

export type Process = Streams & {
  readonly env: NodeJS.ProcessEnv
  cwd(): string
  on(signal: 'SIGINT', listener: () => void): unknown
}

export async function main(argv: readonly string[], process: Process): Promise<number> {
  const json = argv.includes('--json')
  let connection: Connection | undefined
  try {
    const { name, rest } = commandNamed(argv)
    const command = await loadCommand(name)
    const { words, values } = parseCommandLine(command, rest)
    if (values.help === true && name !== 'help') {
      const { helpFor } = await import('./commands/help.ts')
      for (const line of helpFor(command)) process.stdout.write(`${line}\n`)
      return 0
    }
    await mayRun(command, process.env)
    const out = createOutput(
      process,
      { json: values.json === true, quiet: values.quiet === true },
      process.env,
    )
    const connect = await connector(process, values.town, values.timeout, out.note)
    const interrupted = new AbortController()
    process.on('SIGINT', () => interrupted.abort())
    const town = (): Connection => {
      connection ??= connect()
      return connection
    }
    const call = {
      words,
      values,
      out,
      town,
      commands: { names: COMMAND_NAMES, load: loadCommand },
      env: process.env,
      cwd: process.cwd(),
      signal: interrupted.signal,
    }
    return (await command.run(call)) ?? 0
  } catch (error) {
    return failed(process, json, error)
  } finally {
    await connection?.close()
  }
}

/** Some things only an agent at work says, and some it may not do: inside a session gt never opens a town. */
async function mayRun({ name, where }: Command, env: NodeJS.ProcessEnv): Promise<void> {
  if (where === undefined) return
  const { isInSession } = await import('../client/session.ts')
  if (where === 'session' && !isInSession(env))
    throw new ClientFault(
      'NOT_IN_A_SESSION',
      `gt ${name} is for an agent at work, and this is not its session.`,
    )
  if (where === 'person' && isInSession(env))
    throw new ClientFault('FORBIDDEN', `An agent may not use gt ${name}.`)
}

/** What connects to the town once it is needed: each way of asking is loaded only where it is used. */
async function connector(
  process: Process,
  named: unknown,
  timeout: unknown,
  note: (text: string) => void,
): Promise<() => Connection> {
  const { env } = process
  const { connectAsSession, isInSession } = await import('../client/session.ts')
  if (isInSession(env)) {
    const { durationMs } = await import('./options.ts')
    return () => connectAsSession(env, durationMs(typeof timeout === 'string' ? timeout : undefined, 60_000))
  }
  const [{ connectAsOperator }, { findTown }] = await Promise.all([
    import('../client/operator.ts'),
    import('../client/find-town.ts'),
  ])
  return () => {
    const town = findTown(typeof named === 'string' ? named : undefined, process.cwd(), env)
    if (town.how === 'registry') note(`this is about the town at ${town.dir}`)
    return connectAsOperator(town.dir)
  }
}

function failed(process: Process, json: boolean, error: unknown): number {
  if (error instanceof UsageError) {
    const remedy =
      error.command === ''
        ? 'gt --help shows what there is.'
        : `gt help ${error.command} shows how it is written.`
    writeError(process, json, { code: 'USAGE', message: error.message, remedy })
    return 2
  }
  if (error instanceof ClientFault) {
    writeError(process, json, error)
    return error.code === 'TIMED_OUT' ? 124 : 1
  }
  const { code, message, details } = error as Error & { code?: unknown; details?: object }
  if (typeof code === 'string' && /^[A-Z][A-Z_]+$/.test(code)) {
    writeError(process, json, { code, message, ...(details && { details: { ...details } }) })
    return 1
  }
  writeError(process, json, { code: 'INTERNAL', message: `Something of ours broke: ${String(message)}` })
  return 1
}
