// Forks of histories that nobody wrote by hand, at records that chance chose: what the first record changes, and what not.
//
// SEED=17 npx vitest run test/town/fork-histories.test.ts repeats one; FORK_SEEDS=500 does many.

import { expect, test } from 'vitest'
import { createMemoryLog, type EventLog, exportLines } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import { OVERSEER, ownerKind, rigOf, rigOwner, TOWN } from '../../src/events/address.ts'
import type { LogRecord } from '../../src/events/record.ts'
import { recordOf } from '../../src/events/upcasters.ts'
import { applyAll, canonical, createProjections } from '../../src/projections/index.ts'
import { createKnown } from '../../src/system/known.ts'
import { createRedecider } from '../../src/system/redecide.ts'
import { openSystem } from '../../src/system/system.ts'
import type { SystemCheckpoint } from '../../src/system/types.ts'
import { worktreePath } from '../../src/town/files.ts'
import { takeOver } from '../../src/town/fork/known.ts'
import { inOwnPlace } from '../../src/town/fork/outside.ts'
import { forkMessages } from '../../src/town/fork/turn.ts'
import { createRandom } from '../sim/random.ts'
import { simulate } from '../sim/world.ts'

const only = process.env.SEED === undefined ? null : Number(process.env.SEED)
const count = Number(process.env.FORK_SEEDS ?? 6)
const seeds = only === null ? Array.from({ length: count }, (_, n) => n + 1) : [only]
const CUTS = 4
const DIR = '/fork'

type Fork = {
  log: EventLog
  records: LogRecord[]
  parentThen: SystemCheckpoint
  seq: number
  asked: string[]
}

/** As makeFork does it, with repositories of which everything is still there. */
async function fork(lines: readonly string[], seq: number, dir: string): Promise<Fork> {
  const log = createMemoryLog()
  const known = await takeOver(
    (async function* () {
      yield lines.slice(0, seq)
    })(),
    async (all) => {
      for await (const line of all) {
        const { seq: at, ...entry } = JSON.parse(line) as { seq: number }
        await log.append([entry], { id: `${at}` })
      }
      return log.head
    },
    () => {},
  )
  const rigs = new Map(
    known.folded.owners
      .filter(([address, { value }]) => ownerKind(address) === 'rig' && value === 'active')
      .map(([address]) => {
        const rig = address.slice(rigOwner('').length)
        const remote = { kind: 'origin' as const, url: `${dir}/rigs/${rig}/origin.git` }
        return [rig, { remote, head: known.targets.get(rig) ?? null, why: '' }] as const
      }),
  )
  const worktrees = new Map(
    known.folded.owners.flatMap(([owner]) => {
      const newest = known.worktrees.get(owner)?.[0]
      if (newest === undefined) return []
      return [
        [
          owner,
          { path: worktreePath(dir, owner), from: newest.kind, commit: newest.commit, why: '' },
        ] as const,
      ]
    }),
  )
  const { at } = recordOf(lines[seq - 1] ?? '')
  const parent = { townId: 't1', name: 'farm', dir: '/town', seq, chain: known.chain, at }
  const asked: string[] = []
  let now = Date.parse(at)
  const system = await openSystem({
    log,
    from: known.folded,
    clock: { now: () => ++now, after: () => () => {} },
    machines: machineAt,
    perform: ({ kind, params }) => {
      asked.push(JSON.stringify({ kind, params: inOwnPlace(params, dir) }))
      return new Promise(() => {})
    },
    onRecord: () => {},
    first: (folded) => ({
      id: 'forked',
      by: OVERSEER,
      messages: forkMessages({ dir, townId: 'f1', name: 'farm', parent, folded, rigs, worktrees }),
    }),
  })
  await system.idle()
  // A person lets everything go on.
  for (const [rig] of rigs)
    await system.take({
      id: `unpark ${rig}`,
      by: OVERSEER,
      messages: [
        { to: rigOwner(rig), message: { type: 'rig.unpark' } },
        ...[...system.owners()].flatMap(([to, { value, context }]) =>
          rigOf(to) === rig &&
          ((context.held ?? []) as string[]).includes('parked') &&
          !OVER.has(String(value))
            ? [
                {
                  to,
                  message: {
                    type: ownerKind(to) === 'crew' ? 'crew.resume' : 'sandbox.resume',
                    reason: 'parked',
                  },
                },
              ]
            : [],
        ),
      ],
    })
  await system.idle()
  await new Promise((resolve) => setImmediate(resolve))
  await system.close()
  const records: LogRecord[] = []
  for await (const line of exportLines(log)) records.push(recordOf(line))
  return { log, records, parentThen: known.folded, seq, asked }
}

const OVER = new Set(['removed', 'kept', 'failed'])

/** What is known after `seq` records of a log. */
function knownAt(records: readonly LogRecord[], seq: number): SystemCheckpoint {
  const known = createKnown()
  for (const record of records.slice(0, seq)) known.fold(record)
  return known.checkpoint()
}

const plain = (folded: SystemCheckpoint) =>
  JSON.stringify([folded.seq, folded.at, folded.owners, folded.ledger])

function projectionsAt(records: readonly LogRecord[], seq: number): string {
  const projections = createProjections()
  for (const record of records.slice(0, seq)) applyAll(projections, record)
  return canonical(projections)
}

for (const seed of seeds)
  test(`[FORK-1] [FORK-2] [FORK-6] a fork of seed ${seed} is its parent but for what the first record says`, async () => {
    const { lines } = await simulate({ seed, keep: true })
    const random = createRandom(seed * 7 + 1)
    const records = lines.map((line) => recordOf(line))
    const remotes = new Set(
      records.flatMap(({ message }) => (message.type === 'rig.add' ? [JSON.stringify(message.remote)] : [])),
    )
    for (let cut = 0; cut < CUTS; cut += 1) {
      const seq = 1 + Math.floor(random.next() * (lines.length - 1))
      const one = await fork(lines, seq, DIR)
      const told = `SEED=${seed} at ${seq}`
      // Up to there it is the parent, byte for byte.
      const own: string[] = []
      for await (const line of exportLines(one.log, { to: seq })) own.push(line)
      expect(own, told).toEqual(lines.slice(0, seq))
      expect(plain(knownAt(one.records, seq)), told).toBe(plain(knownAt(records, seq)))
      expect(projectionsAt(one.records, seq), told).toBe(projectionsAt(records, seq))

      // The first record is the town's, changes the town alone, and settles whatever was open, each once.
      const first = one.records[seq] as LogRecord
      expect(first, told).toMatchObject({
        seq: seq + 1,
        actor: TOWN,
        message: { type: 'town.forked' },
        to: 'down',
      })
      const before = knownAt(one.records, seq)
      const after = knownAt(one.records, seq + 1)
      const others = (folded: SystemCheckpoint) => folded.owners.filter(([address]) => address !== TOWN)
      expect(others(after), told).toEqual(others(before))
      expect(
        Object.keys(first.change.set ?? {}).filter(
          (key) => !['townId', 'name', 'fork', 'settings'].includes(key),
        ),
      ).toEqual([])
      const open = [...before.ledger.effects, ...before.ledger.timers].map(({ id }) => id)
      expect([...(first.message.cancelled as string[])].toSorted(), told).toEqual(open.toSorted())
      expect([after.ledger.effects, after.ledger.timers], told).toEqual([[], []])
      const settledAgain = one.records.slice(seq + 1).filter(({ settles }) => open.includes(settles ?? ''))
      expect(settledAgain, told).toEqual([])

      // Every rig rests, no session lives, and what is asked once a person lets it go on names nothing outside.
      const turn = one.records
        .slice(seq)
        .filter(({ correlation, cause }) => correlation === seq + 1 && cause === null)
      const then = knownAt(one.records, seq + turn.length)
      for (const [address, { value, context }] of then.owners) {
        if (ownerKind(address) === 'rig' && value !== 'absent') expect(context.parked, told).not.toBeNull()
        if (ownerKind(address) === 'session') expect(value, `${told} ${address}`).toBe('ended')
      }
      for (const text of one.asked) {
        for (const remote of remotes) expect(text, told).not.toContain(remote)
        const { params } = JSON.parse(text) as { params: { path?: string } }
        if (params.path !== undefined) expect(params.path, `${told} ${text}`).toMatch(/^\/fork\//)
      }

      // It replays, and its own fork does.
      const redecider = createRedecider(machineAt)
      expect(
        one.records.flatMap((record) => redecider.check(record).divergences),
        told,
      ).toEqual([])
      const text: string[] = []
      for await (const line of exportLines(one.log)) text.push(line)
      const at = seq + 1 + Math.floor(random.next() * (text.length - seq))
      const second = await fork(text, at, '/fork2')
      const again = createRedecider(machineAt)
      expect(
        second.records.flatMap((record) => again.check(record).divergences),
        told,
      ).toEqual([])
      expect(second.records[at], told).toMatchObject({ message: { type: 'town.forked' } })
    }
  }, 60_000)
