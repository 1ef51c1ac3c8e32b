// A home folder of a person who has used their agent program before, and nothing else of this machine.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export type AgentHome = {
  readonly home: string
  /** Short: sockets are made in it. */
  readonly tmp: string
  /** For session folders, worktrees and the like. */
  readonly root: string
  /** The whole environment of a program that is started here. */
  env(more?: Readonly<Record<string, string>>): Record<string, string>
  /** Writes `text` to a file of the home folder. */
  write(name: string, text: string): void
  remove(): void
}

/** The key that everything is tried with: it opens nothing. */
export const MADE_UP_KEY = 'sk-ant-test-000'

export function openHome(): AgentHome {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'gta-')))
  const home = join(root, 'home')
  const tmp = join(root, 't')
  mkdirSync(home)
  mkdirSync(tmp)
  const write = (name: string, text: string) => {
    const file = join(home, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  write('.gitconfig', '[user]\n\tname = A Person\n\temail = person@example.com\n')
  return {
    home,
    tmp,
    root,
    env: (more = {}) => ({
      HOME: home,
      USER: 'person',
      LOGNAME: 'person',
      SHELL: '/bin/sh',
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
      COLORTERM: 'truecolor',
      PATH: '/usr/local/bin:/usr/bin:/bin',
      TMPDIR: tmp,
      CLAUDE_CODE_TMPDIR: tmp,
      ...more,
    }),
    write,
    remove: () => rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }),
  }
}

/**
 * What Claude Code writes when a person goes through its first screens. Neither a trusted folder nor an approved key:
 * those are settled by the preset.
 */
export function claudeWasSetUp({ write }: AgentHome): void {
  write(
    '.claude.json',
    JSON.stringify({
      hasCompletedOnboarding: true,
      theme: 'dark',
      officialMarketplaceAutoInstallAttempted: true,
      officialMarketplaceAutoInstalled: true,
    }),
  )
}
