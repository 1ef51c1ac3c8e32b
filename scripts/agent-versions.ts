// The agent programs that the suite is run with. They are fetched (scripts/fetch-agents.ts), never a dependency: some
// may not be passed on.

import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

export type PinnedAgent = {
  readonly name: string
  readonly version: string
  /** What npm is asked for; null when there is none for this machine. */
  readonly package: string | null
  /** The program inside of the folder it was installed into. */
  readonly program: string
}

const machine = `${process.platform}-${process.arch}`

const CLAUDE = `@anthropic-ai/claude-code-${machine}`
const CODEX_TRIPLES: Readonly<Record<string, string>> = {
  'linux-x64': 'x86_64-unknown-linux-musl',
  'linux-arm64': 'aarch64-unknown-linux-musl',
  'darwin-x64': 'x86_64-apple-darwin',
  'darwin-arm64': 'aarch64-apple-darwin',
}
const codexTriple = CODEX_TRIPLES[machine]

export const PINNED: readonly PinnedAgent[] = [
  {
    name: 'claude',
    version: '2.1.330',
    package: codexTriple === undefined ? null : `${CLAUDE}@2.1.330`,
    program: `node_modules/${CLAUDE}/claude`,
  },
  {
    name: 'codex',
    version: '0.169.0',
    package: codexTriple === undefined ? null : '@openai/codex@0.169.0',
    program: `node_modules/@openai/codex-${machine}/vendor/${codexTriple}/bin/codex`,
  },
]

/** Ignored by git. One folder for each version, so that a new pin never meets an old program. */
export const AGENTS_FOLDER = join(import.meta.dirname, '..', '.agents')

export const folderOf = ({ name, version }: PinnedAgent): string => join(AGENTS_FOLDER, `${name}-${version}`)

/** The absolute path of the fetched program, or null when it was not fetched. */
export function fetchedProgram(name: string): string | null {
  const agent = PINNED.find((one) => one.name === name)
  if (agent === undefined) return null
  const file = join(folderOf(agent), agent.program)
  try {
    accessSync(file, constants.X_OK)
    return file
  } catch {
    return null
  }
}

/** Whether a person said that the programs are not to be used: then nothing is fetched and no test of them is run. */
export const withoutAgents = process.env.GT_NO_AGENTS === '1'
