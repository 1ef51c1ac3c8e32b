// One conversation with a real agent program, started as its preset says: home, model, hooks and terminal together.

import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Launch, LaunchAsk, Preset } from '../../src/ports/presets.ts'
import type { AgentHome } from './home.ts'
import { type Hooks, openHooks } from './hooks.ts'
import { type AgentTerminal, openTerminal } from './terminal.ts'

export type AgentSession = {
  readonly launch: Launch
  readonly hooks: Hooks
  readonly terminal: AgentTerminal
  readonly worktree: string
  /** Of the program and all that it starts. */
  readonly marker: string
  close(): Promise<void>
}

export type SessionStart = {
  readonly preset: Preset
  readonly program: string
  readonly home: AgentHome
  readonly login: Readonly<Record<string, string>>
  readonly ask?: Partial<LaunchAsk>
  /** On top of what the preset says. */
  readonly env?: Readonly<Record<string, string>>
  /** Changes what the preset says, to show what it is good for. */
  readonly change?: (launch: Launch) => Launch
}

export async function startSession(start: SessionStart): Promise<AgentSession> {
  const { preset, program, home, login, ask, env, change = (launch) => launch } = start
  const hooks = await openHooks(preset)
  const worktree = ask?.worktree ?? worktreeIn(home)
  const marker = randomUUID()
  const launch = change(
    preset.launch({
      command: [program],
      runtimeSession: randomUUID(),
      resume: null,
      fork: false,
      worktree,
      folder: join(home.root, `session-${marker.slice(0, 8)}`),
      home: home.home,
      permissions: 'ask',
      model: null,
      orders: '',
      rules: '',
      hook: hooks.command,
      login,
      ...ask,
    }),
  )
  for (const { path, content } of launch.files) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content, { mode: 0o600 })
  }
  const terminal = await openTerminal(preset, {
    command: launch.command,
    cwd: worktree,
    env: home.env({ ...launch.env, ...env, GT_TEST_SESSION: marker }),
  })
  return {
    launch,
    hooks,
    terminal,
    worktree,
    marker: `GT_TEST_SESSION=${marker}`,
    async close() {
      await terminal.close()
      await hooks.close()
    },
  }
}

/** The same folder each time: a git repository with one commit. */
export function worktreeIn({ root }: AgentHome): string {
  const worktree = join(root, 'work')
  if (mkdirSync(worktree, { recursive: true }) === undefined) return worktree
  const git = (...args: string[]) => execFileSync('git', args, { cwd: worktree })
  git('init', '-q', '-b', 'main')
  writeFileSync(join(worktree, 'README.md'), '# A project\n')
  git('add', '.')
  git('-c', 'user.name=A Person', '-c', 'user.email=person@example.com', 'commit', '-q', '-m', 'Begin')
  return worktree
}
