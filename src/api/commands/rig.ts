// Rigs (projects): added, with one sentence that says where work will land and what must pass first.

import { z } from 'zod'
import { rigOwner, witness } from '../../events/address.ts'
import {
  approvalGates,
  commandGates,
  GATE_TIMEOUT_MS,
  requiredGates,
  reviewGates,
} from '../../events/gate-settings.ts'
import type { MessageOf } from '../../events/index.ts'
import type { Json } from '../../events/record.ts'
import type { Remote } from '../../ports/repositories.ts'
import { type RigRow, rigOfPrefix, rig as rigRow } from '../../projections/rigs.ts'
import { townSetting } from '../../projections/town.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { firstOf } from '../follow.ts'
import { checkName } from '../resolve.ts'
import type { TownHandle } from '../town.ts'
import { recordsOfId, take } from '../turn.ts'

/** How long a clone may take before the caller is told to look later, ms. The clone itself goes on. */
const CLONE_WAIT_MS = 10 * 60_000

const input = z.strictObject({
  name: z.string(),
  source: z.string().min(1).max(2_000),
  prefix: z.string().optional(),
  target: z.string().optional(),
  local: z.boolean().default(false),
  /** Sets the test command that the repository suggests as its gate. */
  gate: z.boolean().default(true),
})

const add = command({
  name: 'rig.add',
  summary: 'Makes a rig (project) of a git repository.',
  who: 'operator',
  input,
  async run({ town, caller, input, id, signal }) {
    let added = await recordsOfId(town, caller, id)
    if (added.length === 0) {
      const message = await proposal(town, input)
      const judges = townSetting(town.projections.town.rows, 'judgements.mode') === 'on'
      const { records } = await take(town, caller, id, [
        { to: rigOwner(input.name), message },
        ...(judges
          ? [{ to: witness(input.name), message: { type: 'witness.judge', on: true } } as const]
          : []),
      ])
      added = [...records]
    }
    const record = added[0]
    if (record === undefined) throw new Fault('UNEXPECTED', `Nothing came of rig ${input.name}.`)
    const name = String(record.message.rig)
    const ended = await firstOf(
      town,
      { after: record.seq - 1, timeoutMs: CLONE_WAIT_MS, signal },
      ({ seq, facts }) => {
        const fact = facts.find(
          (each) => (each.type === 'RigReady' || each.type === 'RigFailed') && each.rig === name,
        )
        return fact === undefined ? null : { fact, seq }
      },
    )
    if (ended === null) throw new Fault('TIMED_OUT', `Rig ${name} is still being cloned.`)
    if (ended.fact.type === 'RigFailed') throw new Fault(String(ended.fact.code), String(ended.fact.message))
    const { prefix, remote, target, settings } = record.message as unknown as Proposal
    const gate = gateOf(settings)
    return {
      name,
      prefix,
      remote,
      target,
      gate,
      sentence: landingSentence(name, target, remote, settings),
      seq: ended.seq,
    }
  },
})

export const rigCommands = [add]

type Settings = { readonly [key: string]: Json }
type Proposal = MessageOf<'rig.add'>

async function proposal(town: TownHandle, asked: z.output<typeof input>): Promise<Proposal> {
  const { rigs } = town.projections
  const { name, source, local } = asked
  checkName('rig', name)
  if (RESERVED.has(name))
    throw new Fault('NAME_INVALID', `A rig cannot be called ${name}; it is a word of the town.`)
  if (asked.target !== undefined) checkName('target', asked.target)
  const before = rigRow(rigs.rows, name)
  if (before !== null && before.state !== 'failed')
    throw new Fault('RIG_EXISTS', `There is a rig ${name} already.`)
  const prefix = prefixFor(town, name, asked.prefix)
  if (town.repositories === null)
    throw new Fault('DAEMON_DOWN', 'The town is not up, so nothing can be cloned.')
  const found = await town.repositories.inspectRig({ source, local, target: asked.target ?? null })
  const { proposedTest } = found
  const settings: Proposal['settings'] =
    asked.gate && proposedTest !== null
      ? { 'gates.test': { command: [...proposedTest.command], timeoutMs: GATE_TIMEOUT_MS } }
      : {}
  return {
    type: 'rig.add',
    rig: name,
    prefix,
    remote: found.remote,
    source: found.source,
    target: found.target,
    settings,
  }
}

/** First parts of addresses that mean something else. */
const RESERVED: ReadonlySet<string> = new Set([
  'rigs',
  'beads',
  'town',
  'mayor',
  'deacon',
  'overseer',
  'convoys',
])

const PREFIX = /^[a-z][a-z0-9]{0,9}$/

/** The one asked for, else the first letters of the name, as many as make it unique. */
function prefixFor(town: TownHandle, name: string, asked: string | undefined): string {
  const { rows } = town.projections.rigs
  const takenBy = (prefix: string): RigRow | null => {
    const row = rigOfPrefix(rows, prefix)
    return row === null || row.name === name ? null : row
  }
  if (asked !== undefined) {
    if (!PREFIX.test(asked))
      throw new Fault('NAME_INVALID', 'A prefix has 1 to 10 of a-z and 0-9, and begins with a letter.')
    const other = takenBy(asked)
    if (other !== null)
      throw new Fault('PREFIX_TAKEN', `The beads of rig ${other.name} have the prefix ${asked}.`)
    return asked
  }
  const letters = name.replace(/[^a-z0-9]/g, '').replace(/^[0-9]+/, '') || 'r'
  for (let length = Math.min(2, letters.length); length <= Math.min(10, letters.length); length += 1) {
    const prefix = letters.slice(0, length)
    if (takenBy(prefix) === null) return prefix
  }
  for (let n = 2; ; n += 1) {
    const prefix = `${letters.slice(0, 2)}${n}`
    if (takenBy(prefix) === null) return prefix
  }
}

function gateOf(settings: Settings): readonly string[] | null {
  return commandGates(settings).find(({ name }) => name === 'test')?.command ?? null
}

/** Where work will land, and what must pass first. */
export function landingSentence(rig: string, target: string, remote: Remote, settings: Settings): string {
  const lands = `Work on ${rig} lands on ${target} of ${remote.url}`
  const gates = [
    ...requiredGates(settings).map(({ command }) => command.join(' ')),
    ...reviewGates(settings).map((name) => `${name} (an agent reviews it)`),
    ...approvalGates(settings).map((name) => `${name} (you are asked)`),
  ]
  if (gates.length > 0) return `${lands}; ${gates.join(' and ')} must pass first.`
  if (settings['gates.none'] === true) return `${lands} without any check: gates.none is set.`
  const command = `gt config set gates.test '{"command":["…"]}' --rig ${rig}`
  return `${lands}, but nothing lands yet, for no test command was found: set one (${command}), or gates.none to true.`
}
