// Emptying the trash at a person's word, and bringing back a recording.

import { z } from 'zod'
import { KENNEL } from '../../events/address.ts'
import { count } from '../../events/define.ts'
import { KEEP_MS_DEFAULT } from '../../events/dog-settings.ts'
import type { FactOf } from '../../events/index.ts'
import type { Address } from '../../events/record.ts'
import { rigs } from '../../projections/rigs.ts'
import { reapedText, session as sessionRow } from '../../projections/sessions.ts'
import { townSetting } from '../../projections/town.ts'
import { trashRow } from '../../projections/trash.ts'
import { landedTrash } from '../../projections/trash-age.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { firstOf } from '../follow.ts'
import { shown } from '../resolve.ts'
import type { TownHandle } from '../town.ts'
import { take } from '../turn.ts'

/** How long the answer waits until a dog has done it, ms. */
const WAIT_MS = 5 * 60_000

type Emptied = {
  readonly entries: readonly string[]
  readonly bytes: number
  /** What nobody can prove to be in the target. */
  readonly stays: readonly { readonly id: string; readonly why: string }[]
}

const empty = command({
  name: 'trash.empty',
  summary:
    'Takes away what is kept of work that has landed, with its ignored files. What is not proved to be in the target stays.',
  who: 'operator',
  input: z.strictObject({
    /** keep.trash when left out. */
    olderThanMs: count.optional(),
    /** Nothing goes; the answer is what would. */
    dryRun: z.boolean().default(false),
  }),
  async run({ town, caller, input, id, signal }) {
    if (town.repositories === null) throw new Fault('DAEMON_DOWN', 'The town is not up.')
    const set = townSetting(town.projections.town.rows, 'keep.trash')
    const olderThanMs = input.olderThanMs ?? (typeof set === 'number' ? set : KEEP_MS_DEFAULT)
    if (input.dryRun)
      return { dryRun: true, olderThanMs, ...(await asked(town, olderThanMs)), seq: town.system.seq }
    const chore = `empty-${id}`.slice(0, 200)
    const { records } = await take(town, caller, id, [
      { to: KENNEL, message: { type: 'kennel.clean', chore, what: 'trash', olderThanMs } },
    ])
    const after = (records[0]?.seq ?? town.system.seq) - 1
    const done = await firstOf(town, { after, timeoutMs: WAIT_MS, signal }, ({ facts }) => {
      const over = facts.find(
        (fact) =>
          (fact.type === 'ChoreDone' || (fact.type === 'ChoreFailed' && fact.againMs === null)) &&
          fact.chore === chore,
      )
      return over === undefined ? null : { over, facts }
    })
    if (done === null)
      throw new Fault('TIMED_OUT', 'The dogs are at it, and it takes long: gt dog list shows them.')
    if (done.over.type === 'ChoreFailed') throw new Fault(String(done.over.code), String(done.over.message))
    const reaped = done.facts.filter(
      ({ type }) => type === 'TrashReaped',
    ) as unknown as FactOf<'TrashReaped'>[]
    const idOf = (sandbox: Address) => trashRow(town.projections.trash.rows, sandbox)?.id ?? sandbox
    return {
      dryRun: false,
      olderThanMs,
      entries: reaped.flatMap(({ entries }) => entries.map(({ sandbox }) => idOf(sandbox))),
      bytes: reaped.reduce((all, { bytes }) => all + bytes, 0),
      stays: reaped.flatMap(({ stays }) => stays.map(({ sandbox, why }) => ({ id: idOf(sandbox), why }))),
      seq: town.system.seq,
    }
  },
})

const recall = command({
  name: 'trash.recall',
  summary: 'Puts the recording of a session that was taken away back to its place.',
  who: 'operator',
  input: z.strictObject({ session: z.string().min(1).max(200) }),
  async run({ town, caller, input, id }) {
    const row = sessionRow(town.projections.sessions.rows, input.session)
    if (row === null) throw new Fault('SESSION_NOT_FOUND', `There is no session ${shown(input.session)}.`)
    const { session, reaped } = row
    if (reaped === null) throw new Fault('NOTHING_TO_UNDO', `The recording of ${session} was not taken away.`)
    if (!(await town.recallRecording(session)))
      throw new Fault('RECORDING_REAPED', reapedText({ session, reaped: { ...reaped, until: null } }))
    const { seq } = await take(town, caller, id, [
      { to: KENNEL, message: { type: 'kennel.recalled', session } },
    ])
    return { session, seq }
  },
})

export const trashCommands = [empty, recall]

/** What would go now. */
async function asked(
  { projections, repositories, clock }: TownHandle,
  olderThanMs: number,
): Promise<Emptied> {
  const before = clock.now() - olderThanMs
  const old = landedTrash(projections).filter(({ since }) => since < before)
  const found: Emptied[] = []
  for (const { name: rig, target } of rigs(projections.rigs.rows)) {
    const own = old.filter((one) => one.rig === rig)
    if (own.length === 0 || repositories === null) continue
    const ids = new Map(own.map((one) => [one.sandbox.replaceAll('/', '.'), one.id]))
    const { reaped, stays } = await repositories.reapKept({
      rig,
      target: target.branch,
      entries: own.map(({ sandbox, branch, head, landed }) => ({
        name: sandbox.replaceAll('/', '.'),
        branch,
        head,
        landed,
      })),
      ignored: true,
      notesBefore: null,
      dryRun: true,
    })
    found.push({
      entries: reaped.map(({ name }) => ids.get(name) ?? name),
      bytes: reaped.reduce((all, { bytes }) => all + bytes, 0),
      stays: stays.map(({ name, why }) => ({ id: ids.get(name) ?? name, why })),
    })
  }
  return {
    entries: found.flatMap(({ entries }) => entries),
    bytes: found.reduce((all, { bytes }) => all + bytes, 0),
    stays: found.flatMap(({ stays }) => stays),
  }
}
