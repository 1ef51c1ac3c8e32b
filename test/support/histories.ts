// Histories of a small town: each is what the owners might have written, made from a list of numbers.
//
// Always: the same numbers give the same history; facts come in an order that the owners could have chosen.

import {
  beadOwner,
  mergeRequest as mergeRequestAt,
  polecat,
  refinery,
  sandboxOf,
  sessionOf,
  witness,
} from '../../src/events/address.ts'
import type { LogRecord } from '../../src/events/index.ts'
import { gate, SAMPLES } from './facts.ts'
import { History, objectName } from './records.ts'

type Bead = {
  id: string
  at:
    | 'open'
    | 'queued'
    | 'hooked'
    | 'working'
    | 'submitted'
    | 'testing'
    | 'recovering'
    | 'blocked'
    | 'deferred'
    | 'closed'
  needs: string[]
  openNeeds: string[]
  /** Number of its polecat while it has one. */
  name: number | null
  session: number
  attempt: number
  mergeRequests: number
}

type Town = { history: History; beads: Bead[]; sandboxes: number[] }

const RIG = 'shop'
const NAMES = ['nux', 'toast', 'ace']
const HEAD = objectName('a')

/** What may happen next; a step that does not fit the bead is left out. */
export function townHistory(choices: readonly number[]): LogRecord[] {
  const town: Town = { history: new History(), beads: [], sandboxes: NAMES.map(() => 0) }
  town.history.add('town', [SAMPLES.TownInstalled, SAMPLES.TownStarted])
  town.history.add(`rigs/${RIG}`, [SAMPLES.RigAdded])
  town.history.add(`rigs/${RIG}`, [SAMPLES.RigReady])
  town.history.add(refinery(RIG), [SAMPLES.RefineryConfigured])
  for (const choice of choices) {
    const bead = town.beads[Math.floor(choice / 64) % Math.max(town.beads.length, 1)]
    const step = STEPS[choice % STEPS.length]
    if (bead === undefined || choice % 31 === 0) create(town, choice)
    else if (step !== undefined) step(town, bead, Math.floor(choice / STEPS.length))
  }
  return town.history.records
}

type Step = (town: Town, bead: Bead, choice: number) => void

const STEPS: readonly Step[] = [
  go,
  go,
  go,
  go,
  go,
  sendBack,
  die,
  comment,
  edit,
  need,
  close,
  reopen,
  block,
  setRig,
]

function create({ history, beads }: Town, choice: number): void {
  const id = `sh-${beads.length + 1}`
  const wanted = beads.filter((_, n) => (choice >> 6) % (n + 3) === 0).map((bead) => bead.id)
  const labels = choice % 2 === 0 ? ['ui', 'cart'] : []
  beads.push({
    id,
    at: 'open',
    needs: wanted,
    openNeeds: wanted,
    name: null,
    session: 0,
    attempt: 0,
    mergeRequests: 0,
  })
  const facts = { ...SAMPLES.BeadCreated, bead: id, needs: wanted, labels, priority: choice % 5 }
  history.add(beadOwner(id), [facts])
  // Beads that are closed already answer at once.
  const closed = wanted.filter((need) => beads.find((bead) => bead.id === need)?.at === 'closed')
  for (const met of closed) meetNeed(history, beads.at(-1), met)
}

/** The next step on the way of a bead that goes well. */
function go(town: Town, bead: Bead, choice: number): void {
  const { history } = town
  const { id } = bead
  switch (bead.at) {
    case 'open':
    case 'deferred': {
      bead.at = 'queued'
      const [first] = bead.openNeeds
      const waitingFor =
        first === undefined ? null : ({ kind: 'bead', id: first, since: timeNow(town) } as const)
      const preset = choice % 3 === 0 ? 'claude' : null
      history.add(beadOwner(id), [{ type: 'BeadQueued', bead: id, rig: RIG, waitingFor }])
      history.add('mayor', [{ type: 'DispatchQueued', bead: id, rig: RIG, group: 'g', preset }], {
        message: { type: 'dispatch.request', priority: choice % 5 },
      })
      return
    }
    case 'queued': {
      const name = NAMES.findIndex((_, n) => !town.beads.some((other) => other.name === n))
      if (bead.openNeeds.length > 0) return
      if (name < 0) {
        const waitingFor = { kind: 'place', id: RIG, since: timeNow(town) } as const
        history.add('mayor', [{ type: 'DispatchWaiting', bead: id, waitingFor }])
        return
      }
      hook(town, bead, name, choice)
      return
    }
    case 'hooked':
    case 'recovering':
      startSession(town, bead)
      return
    case 'working':
      submit(town, bead)
      return
    case 'submitted':
      test(town, bead, choice)
      return
    case 'testing':
      land(town, bead)
      return
    case 'blocked':
      if (choice % 2 === 0) {
        if (bead.name !== null) release(town, bead, 'failed')
        bead.at = 'open'
        history.add(beadOwner(id), [{ type: 'BeadUnblocked', bead: id }])
      } else if (bead.name !== null) startSession(town, bead, true)
      return
    case 'closed':
  }
}

function hook({ history, sandboxes }: Town, bead: Bead, name: number, choice: number): void {
  sandboxes[name] = (sandboxes[name] ?? 0) + 1
  bead.at = 'hooked'
  bead.name = name
  bead.session = 0
  bead.attempt = 0
  const { agent, sandbox } = placeOf({ sandboxes }, bead)
  const { id } = bead
  history.add('mayor', [{ type: 'DispatchStarted', bead: id, rig: RIG, agent, sandbox }])
  const polecatSays = () => {
    if (sandboxes[name] === 1) history.add(agent, [{ type: 'PolecatNamed', agent, rig: RIG }])
    history.add(agent, [{ type: 'PolecatHooked', agent, rig: RIG, bead: id, sandbox }])
  }
  const beadSays = () => history.add(beadOwner(id), [{ type: 'BeadHooked', bead: id, agent, sandbox }])
  const sandboxSays = () =>
    history.add(sandbox, [{ type: 'SandboxOpened', sandbox, agent, bead: id, branch: `polecat/${id}` }])
  const owners = [polecatSays, beadSays, sandboxSays]
  for (const says of choice % 2 === 0 ? owners : owners.toReversed()) says()
}

function startSession(town: Town, bead: Bead, unblocks = false): void {
  const { history } = town
  const { agent, sandbox } = placeOf(town, bead)
  const reason = bead.at === 'recovering' ? 'recovered' : bead.attempt === 0 ? 'first' : 'rework'
  bead.session += 1
  bead.attempt += 1
  bead.at = 'working'
  const { id, attempt } = bead
  const session = sessionOf(sandbox, bead.session)
  history.add(sandbox, [{ type: 'AttemptBegun', sandbox, bead: id, agent, attempt, reason }])
  history.add(session, [{ type: 'SessionOpened', session, agent, bead: id, attempt, reason }])
  history.add(session, [
    { type: 'SessionStarted', session, agent, bead: id, pid: 100 + attempt, command: ['/bin/worker'] },
  ])
  const started = { type: 'BeadStarted', bead: id, agent, session, attempt } as const
  history.add(beadOwner(id), unblocks ? [{ type: 'BeadUnblocked', bead: id }, started] : [started])
}

function submit(town: Town, bead: Bead): void {
  const { history } = town
  const { agent, sandbox } = placeOf(town, bead)
  const { id, attempt } = bead
  const session = sessionOf(sandbox, bead.session)
  bead.at = 'submitted'
  history.add(session, [
    { type: 'AgentDone', session, agent, bead: id, status: 'COMPLETED', head: HEAD, note: '' },
  ])
  history.add(sandbox, [{ type: 'WorkSubmitted', sandbox, bead: id, agent, head: HEAD, commits: 1, attempt }])
  history.add(beadOwner(id), [{ type: 'BeadSubmitted', bead: id, agent, head: HEAD }])
  history.add(session, [
    { type: 'SessionEnded', session, agent, bead: id, ending: { kind: 'exited', exitCode: 0 }, done: true },
  ])
  history.add(witness(RIG), [{ type: 'WorkVerified', bead: id, agent, head: HEAD }], {
    by: sandbox,
    message: { type: 'POLECAT_DONE', bead: id },
  })
}

function test(town: Town, bead: Bead, choice: number): void {
  const { history } = town
  const { agent, sandbox } = placeOf(town, bead)
  const { id, attempt } = bead
  bead.mergeRequests += 1
  bead.at = 'testing'
  const mergeRequest = mergeRequestOf(bead)
  history.add(mergeRequest, [
    { ...SAMPLES.MergeRequested, mergeRequest, bead: id, sandbox, agent, branch: `polecat/${id}`, attempt },
  ])
  history.add(mergeRequest, [{ type: 'MergeBuilding', mergeRequest, bead: id }])
  if (choice % 4 === 0) {
    history.add(mergeRequest, [{ ...SAMPLES.MergeWaiting, mergeRequest, bead: id }])
    history.add(refinery(RIG), [{ ...SAMPLES.LandingWaits, mergeRequest, bead: id }])
    history.add(refinery(RIG), [SAMPLES.LandingResumed])
    history.add(mergeRequest, [{ ...SAMPLES.MergeRequeued, mergeRequest, bead: id }])
  }
  history.add(mergeRequest, [{ ...SAMPLES.MergeTesting, mergeRequest, bead: id }])
  history.add(beadOwner(id), [{ type: 'BeadTesting', bead: id, mergeRequest }])
}

function land(town: Town, bead: Bead): void {
  const { history } = town
  const { agent } = placeOf(town, bead)
  const { id, attempt } = bead
  const mergeRequest = mergeRequestOf(bead)
  const commit = objectName('b')
  history.add(mergeRequest, [{ type: 'MergeLanding', mergeRequest, bead: id, results: [] }])
  history.add(refinery(RIG), [{ ...SAMPLES.TargetAdvanced, mergeRequest }])
  history.add(mergeRequest, [{ ...SAMPLES.MergeLanded, mergeRequest, bead: id, agent, attempts: attempt }])
  bead.at = 'closed'
  history.add(beadOwner(id), [
    { type: 'BeadLanded', bead: id, agent, commit, mergeRequest },
    { type: 'BeadClosed', bead: id, reason: 'landed' },
  ])
  tellDependents(town, id)
  release(town, bead, 'landed')
}

function sendBack(town: Town, bead: Bead, choice: number): void {
  if (bead.at !== 'testing') return
  const { history } = town
  const { agent } = placeOf(town, bead)
  const { id } = bead
  const mergeRequest = mergeRequestOf(bead)
  bead.at = 'hooked'
  const results = [{ ...gate, command: [...gate.command] }]
  history.add(mergeRequest, [
    choice % 2 === 0
      ? { ...SAMPLES.MergeConflicted, mergeRequest, bead: id, agent }
      : { ...SAMPLES.MergeFailed, mergeRequest, bead: id, agent, results },
  ])
  history.add(beadOwner(id), [{ type: 'BeadReworked', bead: id, agent, reason: 'it came back' }])
}

function die(town: Town, bead: Bead, choice: number): void {
  if (bead.at !== 'working') return
  const { history } = town
  const { agent, sandbox } = placeOf(town, bead)
  const { id } = bead
  const session = sessionOf(sandbox, bead.session)
  history.add(session, [{ ...SAMPLES.SessionEnded, session, agent, bead: id }])
  history.add(sandbox, [{ type: 'RecoveryAsked', sandbox, bead: id, agent, reason: 'killed' }])
  history.add('deacon', [{ type: 'RecoveryGranted', bead: id, agent, n: 1, waitMs: choice % 1_000 }], {
    by: witness(RIG),
    message: { type: 'RECOVERY_NEEDED', bead: id },
  })
  history.add(sandbox, [{ type: 'RecoveryScheduled', sandbox, bead: id, waitMs: choice % 1_000 }])
  bead.at = 'recovering'
}

function block(town: Town, bead: Bead, choice: number): void {
  const { history } = town
  const { id } = bead
  if (bead.at === 'open' && choice % 2 === 0) {
    bead.at = 'deferred'
    history.add(beadOwner(id), [{ type: 'BeadDeferred', bead: id, reason: 'later' }])
  } else if (bead.at === 'working') {
    const { agent, sandbox } = placeOf(town, bead)
    bead.at = 'blocked'
    history.add(sandbox, [{ type: 'SandboxParked', sandbox, bead: id, reason: 'stuck' }])
    history.add(beadOwner(id), [{ type: 'BeadBlocked', bead: id, reason: 'stuck' }])
    history.add('mayor', [
      { ...SAMPLES.EscalationRaised, id: `e-${history.records.length}`, bead: id, agent },
    ])
  }
}

function close(town: Town, bead: Bead): void {
  if (bead.at !== 'open' && bead.at !== 'queued') return
  const { history } = town
  if (bead.at === 'queued')
    history.add('mayor', [{ type: 'DispatchWithdrawn', bead: bead.id, reason: 'not needed' }])
  bead.at = 'closed'
  history.add(beadOwner(bead.id), [{ type: 'BeadClosed', bead: bead.id, reason: 'not needed' }])
  tellDependents(town, bead.id)
}

function reopen({ history, beads }: Town, bead: Bead): void {
  if (bead.at !== 'closed') return
  bead.at = 'open'
  history.add(beadOwner(bead.id), [{ type: 'BeadReopened', bead: bead.id, reason: 'it came back' }])
  for (const other of beads.filter(({ needs }) => needs.includes(bead.id))) {
    if (other.openNeeds.includes(bead.id)) continue
    other.openNeeds = [...other.openNeeds, bead.id]
    history.add(beadOwner(other.id), [{ type: 'BeadNeedsChanged', bead: other.id, open: other.openNeeds }])
  }
}

function need({ history, beads }: Town, bead: Bead, choice: number): void {
  const { id } = bead
  const other = beads[choice % beads.length]
  if (other === undefined || other === bead || bead.at === 'closed') return
  if (bead.needs.includes(other.id)) {
    bead.needs = bead.needs.filter((one) => one !== other.id)
    history.add(beadOwner(id), [{ type: 'BeadNeedDropped', bead: id, need: other.id }])
    meetNeed(history, bead, other.id)
    return
  }
  bead.needs = [...bead.needs, other.id]
  bead.openNeeds = [...bead.openNeeds, other.id]
  history.add(beadOwner(id), [
    { type: 'BeadNeedAdded', bead: id, need: other.id },
    { type: 'BeadNeedsChanged', bead: id, open: bead.openNeeds },
  ])
  if (other.at === 'closed') meetNeed(history, bead, other.id)
}

function comment({ history }: Town, { id }: Bead): void {
  history.add(beadOwner(id), [{ type: 'BeadCommented', bead: id, text: 'hm' }])
}

function edit({ history }: Town, { id }: Bead, choice: number): void {
  const labels = choice % 2 === 0 ? ['api'] : []
  history.add(beadOwner(id), [
    { type: 'BeadUpdated', bead: id, priority: choice % 5, labels, description: 'x' },
  ])
}

function setRig({ history }: Town, _bead: Bead, choice: number): void {
  const value = choice % 2 === 0 ? null : { command: ['npm', 'test'] }
  const key = choice % 3 === 0 ? 'gates.none' : 'gates.test'
  history.add(`rigs/${RIG}`, [
    { type: 'RigSettingChanged', rig: RIG, key, value: key === 'gates.none' ? choice % 2 === 0 : value },
  ])
}

function release({ history, sandboxes }: Town, bead: Bead, outcome: 'landed' | 'failed'): void {
  const { agent } = placeOf({ sandboxes }, bead)
  const name = NAMES[bead.name ?? 0] ?? ''
  bead.name = null
  history.add(agent, [{ type: 'PolecatReleased', agent, bead: bead.id, outcome }])
  history.add('mayor', [{ type: 'PlaceFreed', rig: RIG, name }])
}

function tellDependents({ history, beads }: Town, closed: string): void {
  for (const other of beads) meetNeed(history, other, closed)
}

function meetNeed(history: History, bead: Bead | undefined, met: string): void {
  if (bead === undefined || !bead.openNeeds.includes(met)) return
  bead.openNeeds = bead.openNeeds.filter((id) => id !== met)
  history.add(beadOwner(bead.id), [{ type: 'BeadNeedsChanged', bead: bead.id, open: bead.openNeeds }])
}

function placeOf({ sandboxes }: Pick<Town, 'sandboxes'>, { name }: Bead): { agent: string; sandbox: string } {
  const agent = polecat(RIG, NAMES[name ?? 0] ?? '')
  return { agent, sandbox: sandboxOf(agent, sandboxes[name ?? 0] ?? 0) }
}

const mergeRequestOf = ({ id, mergeRequests }: Bead): string => mergeRequestAt(RIG, `${id}-${mergeRequests}`)

const timeNow = ({ history }: Town): string => history.records.at(-1)?.at ?? ''
