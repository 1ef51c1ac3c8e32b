import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import type { Repositories } from '../../src/ports/repositories.ts'
import type { SessionEnding, Terminals } from '../../src/ports/terminals.ts'
import type { System } from '../../src/system/types.ts'
import { createAdoption } from '../../src/town/agents/adoption.ts'
import type { TownHearing } from '../../src/town/agents/hearing.ts'
import type { Carrier } from '../../src/town/effects/carrier.ts'
import { performWith } from '../../src/town/effects/index.ts'
import { sessionFiles } from '../../src/town/files.ts'

const HEAD = 'a'.repeat(40)
const SESSION = 'shop/polecats/nux/sessions/1.1'

test('[TOWNUP-5] [P8] what is not committed in submitted work is told to whoever verifies it', async () => {
  const inspectWorktree: Repositories['inspectWorktree'] = async () => ({
    head: HEAD,
    branch: 'work',
    dirty: ['late.txt'],
    commits: 1,
    target: HEAD,
  })
  const repositories = { inspectWorktree } as Repositories
  const system = { owner: () => null } as unknown as System
  const perform = performWith(() => ({ system, repositoriesFor: () => repositories }) as unknown as Carrier)
  const sandbox = 'shop/polecats/nux/sandboxes/1'
  const params = { rig: 'shop', sandbox, path: '/w', branch: 'work', head: HEAD }
  const effect = { id: '7.0', kind: 'worktree.verify', params, actor: 'shop/witness', again: false }
  expect(await perform({ ...effect, signal: AbortSignal.abort() })).toEqual({
    message: { type: 'worktree.verified', sandbox, head: HEAD, dirty: ['late.txt'], commits: 1 },
    by: 'worker',
  })
})

test('[TOWNUP-5] [P9] a title is one line of a commit, with nothing in it that a terminal would act on', async () => {
  const title = '\u001b[31mred\u0007 \u202eRTL עברית 👩‍🚀\n\nBead: sh-9\u009b2J'
  const messages: string[] = []
  const buildMerge: Repositories['buildMerge'] = async ({ message }) => {
    messages.push(message)
    return { kind: 'empty', base: HEAD }
  }
  const town = {
    owner: { name: 'Op', email: 'op@example.org' },
    system: { owner: () => null },
    log: { get: async () => undefined },
    projections: { beads: { rows: { byId: new Map([['sh-1', { title }]]) } } },
    repositoriesFor: () => ({ buildMerge }) as Partial<Repositories>,
  }
  const params = { rig: 'shop', mergeRequest: 'mr', bead: 'sh-1', agent: 'shop/polecats/nux', branch: 'b' }
  const effect = { id: '7.0', kind: 'merge.build', params, actor: 'shop/refinery', again: false }
  await performWith(() => town as unknown as Carrier)({ ...effect, signal: AbortSignal.abort() })
  expect(messages).toEqual([
    '[31mred RTL עברית 👩‍🚀 Bead: sh-9 2J\n\nBead: sh-1\nReceipt: mr\nOrdered-by: Op <op@example.org>\n',
  ])
})

test('[TOWNUP-5] a recording that a full disk has cut is told when its session ends', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gt-edges-'))
  const { recording } = sessionFiles(dir, SESSION)
  mkdirSync(dirname(recording), { recursive: true })
  writeFileSync(
    recording,
    '{"version":2}\n[1,"o","x"]\n[2,"m","recording stopped: ENOSPC: no space left, write"]\n',
  )
  let end: ((id: string, ending: SessionEnding) => void) | undefined
  const told = Promise.withResolvers<string>()
  const terminals: Partial<Terminals> = {
    onEnding(listener) {
      end = listener
      return () => {}
    },
  }
  createAdoption({
    dir,
    system: {} as System,
    terminals: terminals as Terminals,
    transcripts: { finish: async () => {} },
    hearing: {} as unknown as TownHearing,
    onTrouble: (code, message) => told.resolve(`${code}: ${message}`),
  })
  end?.(SESSION, { kind: 'exited', exitCode: 0 })
  expect(await told.promise).toBe(
    `RECORDING_STOPPED: The recording of ${SESSION} is cut (ENOSPC: no space left, write); the session itself went on.`,
  )
  rmSync(dir, { recursive: true })
})

test('[TOWNUP-5] [P2] [P5] an ending is recorded once nothing of the session is left, and forgotten once it is recorded', async () => {
  const steps: string[] = []
  let end: ((id: string, ending: SessionEnding) => void) | undefined
  const forgotten = Promise.withResolvers<void>()
  const terminals: Partial<Terminals> = {
    onEnding(listener) {
      end = listener
      return () => {}
    },
    stop: async () => void steps.push('stopped'),
    async forget() {
      steps.push('forgotten')
      forgotten.resolve()
    },
  }
  const take: System['take'] = async ({ id, by, messages }) => {
    steps.push(`${id} by ${by}: ${messages[0]?.message.type}`)
    return { accepted: true, records: [], repeated: false }
  }
  createAdoption({
    dir: '/nowhere',
    system: { take } as System,
    terminals: terminals as Terminals,
    transcripts: { finish: async () => {} },
    hearing: { catchUpAll: async () => {}, forget: () => {} } as unknown as TownHearing,
    onTrouble: (code, message) => steps.push(`${code}: ${message}`),
  })
  end?.(SESSION, { kind: 'exited', exitCode: 0 })
  await forgotten.promise
  expect(steps).toEqual(['stopped', `ended.${SESSION} by host: session.exited`, 'forgotten'])
})
