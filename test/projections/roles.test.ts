import { describe, expect, test } from 'vitest'
import type { Fact } from '../../src/events/index.ts'
import { agent, agentCounts, agents } from '../../src/projections/agent-rows.ts'
import { createAgents } from '../../src/projections/agents.ts'
import { createHooks, hookOf, hooks, hookWith } from '../../src/projections/hooks.ts'
import { createRigs, rig, rigOfPrefix, rigs } from '../../src/projections/rigs.ts'
import { createSessions, currentSession, session, sessions, tries } from '../../src/projections/sessions.ts'
import { createTown, town, townSetting } from '../../src/projections/town.ts'
import type { Projection } from '../../src/projections/types.ts'
import { SAMPLES } from '../support/facts.ts'
import { History, objectName, timeOf } from '../support/records.ts'

const NUX = 'shop/polecats/nux'

/** One record for each fact, at timeOf(1), timeOf(2), ... */
function after<Rows>(fold: Projection<Rows>, ...facts: Fact[]): Rows {
  const history = new History()
  for (const fact of facts) fold.apply(history.add('town', [fact]))
  return fold.rows
}

describe('a rig', () => {
  const { RigAdded, RigReady, RigSettingChanged, TargetAdvanced, LandingWaits, LandingResumed } = SAMPLES
  const shop = (...facts: Fact[]) => rig(after(createRigs(), RigAdded, ...facts), 'shop')
  const ungate: Fact = { ...RigSettingChanged, key: 'gates.none', value: true }
  const noGate: Fact = { ...RigSettingChanged, key: 'gates.test', value: null }

  test('[PR-10] is being cloned, then active with a target of which nothing is known', () => {
    expect(shop()).toMatchObject({
      state: 'cloning',
      target: { branch: 'main', head: null, state: 'unknown' },
    })
    const ready = shop(RigReady)
    expect(ready).toMatchObject({
      name: 'shop',
      prefix: 'sh',
      state: 'active',
      gates: ['test'],
      parked: false,
    })
    expect(ready?.target).toMatchObject({ head: objectName('a'), state: 'unknown', since: timeOf(1) })
  })

  test('[PR-27] says where its target stood when it was added, forked and rejoined, and keeps that when it lands', () => {
    const { RigForked, RigRejoined } = SAMPLES
    const from = { branch: 'main', commit: objectName('a'), seq: 2 }
    expect(shop()?.receiptsFrom).toBeNull()
    expect(shop(RigReady, { ...TargetAdvanced, to: objectName('c') })?.receiptsFrom).toEqual(from)
    const forked = shop(RigReady, { ...RigForked, head: objectName('d') })
    expect(forked?.receiptsFrom).toMatchObject({ commit: objectName('d'), seq: 3 })
    expect(shop(RigReady, { ...RigForked, head: null })?.receiptsFrom).toEqual(from)
    expect(shop(RigReady, RigForked, RigRejoined)?.receiptsFrom).toMatchObject({
      commit: RigRejoined.head,
      seq: 4,
    })
  })

  test('[PR-10] that could not be cloned says why', () => {
    expect(shop(SAMPLES.RigFailed)).toMatchObject({ state: 'failed', failure: { code: 'CLONE_FAILED' } })
  })

  test('[PR-10] has a green target after a landing, since the first one', () => {
    const landedTwice = shop(RigReady, TargetAdvanced, { ...TargetAdvanced, to: objectName('c') })
    expect(landedTwice?.target).toMatchObject({ state: 'green', since: timeOf(3), head: objectName('c') })
  })

  test('[PR-10] is ungated while gates.none is true and no gate is set, whatever lands', () => {
    expect(shop(ungate)?.target.state, 'it has a gate').toBe('unknown')
    expect(shop(ungate, noGate)?.target).toMatchObject({ state: 'ungated', since: timeOf(3) })
    expect(shop(ungate, noGate, TargetAdvanced)?.target).toMatchObject({
      state: 'ungated',
      head: objectName('b'),
    })
    const again = shop(ungate, noGate, TargetAdvanced, { ...RigSettingChanged, key: 'gates.ci', value: {} })
    expect(again?.target.state).toBe('unknown')
    expect(again?.gates).toEqual(['ci'])
  })

  test('[PR-10] is frozen, else red, whatever it is besides, and shows that again afterwards', () => {
    const { TargetFrozen, TargetThawed, TargetRed, TargetMended } = SAMPLES
    expect(shop(TargetAdvanced, TargetRed)?.target).toMatchObject({
      state: 'red',
      reason: expect.stringMatching(
        /^test fails on it since [0-9a-f]{7}; the last one that passed is [0-9a-f]{7}$/,
      ),
    })
    const both = shop(TargetAdvanced, TargetRed, TargetFrozen)
    expect(both?.target).toMatchObject({ state: 'frozen', reason: expect.stringContaining('the release') })
    expect(both?.red).toMatchObject({ gate: 'test', commit: objectName('d') })
    expect(shop(TargetAdvanced, TargetRed, TargetFrozen, TargetThawed)?.target.state).toBe('red')
    expect(shop(TargetAdvanced, TargetFrozen, TargetAdvanced)?.target.state).toBe('frozen')
    expect(shop(TargetAdvanced, TargetFrozen, TargetThawed)?.target.state).toBe('green')
    expect(shop(TargetRed, TargetMended)).toMatchObject({
      red: null,
      target: { state: 'green', head: objectName('e') },
    })
    expect(shop(TargetRed, { ...TargetMended, commit: null })?.target.state).toBe('unknown')
  })

  test('[PR-10] says why a landing waits and since when, until it goes on', () => {
    expect(shop(LandingWaits, LandingWaits)?.waiting).toEqual({
      code: 'RIG_HAS_NO_GATE',
      message: 'no gate is set',
      mergeRequest: 'shop/merge-requests/sh-1',
      bead: 'sh-1',
      since: timeOf(2),
    })
    expect(shop(LandingWaits, LandingResumed)?.waiting).toBeNull()
    expect(shop(LandingWaits, TargetAdvanced)?.waiting).toBeNull()
  })

  test('[PR-10] shows its settings, and limits from them', () => {
    expect(shop()?.limits).toEqual({ polecats: 3 })
    expect(shop(RigSettingChanged)).toMatchObject({
      limits: { polecats: 2 },
      settings: { 'limits.polecats': 2 },
    })
    expect(shop(RigSettingChanged, { ...RigSettingChanged, value: null })?.settings).not.toHaveProperty(
      'limits.polecats',
    )
  })

  test('[PR-10] is found by name and by prefix', () => {
    const rows = after(createRigs(), { ...RigAdded, rig: 'web', prefix: 'we' }, RigAdded)
    expect(rigs(rows).map(({ name }) => name)).toEqual(['shop', 'web'])
    expect(rigOfPrefix(rows, 'we')?.name).toBe('web')
    expect(rig(rows, 'nowhere')).toBeNull()
  })
})

describe('a hook', () => {
  const { BeadHooked, PolecatHooked, SandboxOpened } = SAMPLES

  test('[PR-11] says the same whichever owner of the turn speaks first', () => {
    const orders = [
      [BeadHooked, PolecatHooked, SandboxOpened],
      [SandboxOpened, PolecatHooked, BeadHooked],
    ]
    for (const facts of orders) {
      expect(hooks(after(createHooks(), ...facts), { rig: 'shop' })).toEqual([
        {
          agent: NUX,
          rig: 'shop',
          bead: 'sh-1',
          sandbox: `${NUX}/sandboxes/1`,
          branch: 'polecat/nux/sh-1',
          since: timeOf(1),
        },
      ])
    }
  })

  test('[PR-11] is empty once the polecat is released, and not before', () => {
    const { BeadLanded, BeadClosed, PolecatReleased } = SAMPLES
    const landed = after(createHooks(), BeadHooked, BeadLanded, BeadClosed)
    expect(hookWith(landed, 'sh-1')?.agent).toBe(NUX)
    expect(agent(after(createAgents(), BeadHooked, BeadLanded, BeadClosed), NUX)).toMatchObject({
      hook: 'sh-1',
      state: 'leaving',
      health: { state: 'done' },
    })
    expect(hookOf(after(createHooks(), BeadHooked, PolecatReleased), NUX)).toBeNull()
    expect(agent(after(createAgents(), BeadHooked, PolecatReleased), NUX)).toMatchObject({
      hook: null,
      state: 'idle',
      health: { state: 'idle' },
    })
    const other = { ...PolecatReleased, bead: 'sh-9' }
    expect(hookOf(after(createHooks(), BeadHooked, other), NUX)?.bead).toBe('sh-1')
  })
})

describe('an agent', () => {
  const { TownInstalled, RigAdded, PolecatNamed, BeadHooked, AttemptBegun, SessionOpened, SessionStarted } =
    SAMPLES
  const started = [BeadHooked, AttemptBegun, SessionOpened, SessionStarted]
  const nux = (...facts: Fact[]) => agent(after(createAgents(), ...facts), NUX)

  test('[PR-12] is a role as soon as its town or rig is, and a polecat once it is named', () => {
    const rows = after(createAgents(), TownInstalled, RigAdded, PolecatNamed)
    expect(agents(rows).map(({ address, role, rig }) => [address, role, rig])).toEqual([
      ['mayor', 'mayor', null],
      ['deacon', 'deacon', null],
      ['deacon/boot', 'boot', null],
      ['shop/witness', 'witness', 'shop'],
      ['shop/refinery', 'refinery', 'shop'],
      [NUX, 'polecat', 'shop'],
    ])
    expect(agents(rows).every(({ health }) => health.state === 'idle')).toBe(true)
  })

  test('[PR-12] works from the hook on, with session, process and program', () => {
    expect(nux(BeadHooked)).toMatchObject({
      state: 'hooked',
      hook: 'sh-1',
      health: { state: 'working', since: timeOf(1) },
    })
    expect(nux(...started)).toMatchObject({
      state: 'working',
      session: SessionStarted.session,
      pid: 4_711,
      runtime: 'claude',
      health: { state: 'working', since: timeOf(1), reason: null },
    })
  })

  test('[PR-12] says where its session stands, and waits when only a person or time moves it on', () => {
    const { AgentStands, SessionEnded } = SAMPLES
    const thinking: Fact = {
      ...AgentStands,
      standing: { state: 'thinking', since: timeOf(1), reason: '', tool: null, until: null },
    }
    expect(nux(...started, AgentStands)).toMatchObject({
      state: 'working',
      standing: { state: 'limited' },
      health: { state: 'limited', reason: 'resets 7:01am' },
    })
    expect(nux(...started, AgentStands, thinking)).toMatchObject({
      standing: { state: 'thinking' },
      health: { state: 'working', reason: null },
    })
    const idle = (reason: string): Fact => ({
      ...AgentStands,
      standing: { state: 'idle', since: timeOf(1), reason, tool: null, until: null },
    })
    expect(nux(...started, idle(''))?.health).toMatchObject({
      state: 'idle',
      reason: 'its turn is over and nothing is handed in',
    })
    expect(nux(...started, idle('something still runs for it in the background'))?.health.state).toBe(
      'working',
    )
    expect(nux(...started, AgentStands, SessionEnded)?.standing).toBeNull()
    const other: Fact = { ...AgentStands, session: `${NUX}/sessions/9.9` }
    expect(nux(...started, other)?.standing).toBeNull()
  })

  test('[PR-12] stalls with what was seen last, and works again when it goes on', () => {
    const { AgentStalled, AgentGoesOn, AgentStands } = SAMPLES
    const thinking: Fact = {
      ...AgentStands,
      standing: { state: 'thinking', since: timeOf(1), reason: '', tool: null, until: null },
    }
    expect(nux(...started, thinking, AgentStalled)?.health).toEqual({
      state: 'stalled',
      since: AgentStalled.since,
      reason: 'its turn was over and nothing was handed in',
      evidence: AgentStalled.evidence,
    })
    expect(nux(...started, thinking, AgentStalled, AgentGoesOn)?.health).toMatchObject({
      state: 'working',
      reason: null,
    })
    const late = { ...AgentStalled, session: `${NUX}/sessions/9.9` }
    expect(nux(...started, late)?.health.state).toBe('working')
  })

  test('[PR-12] is a zombie until its program has ended, and unknown while nobody can look', () => {
    const { SessionNotStopped, SessionEnded, LadderHeld } = SAMPLES
    expect(nux(...started, SessionNotStopped)?.health).toMatchObject({ state: 'zombie' })
    expect(nux(...started, SessionNotStopped, SessionEnded)?.health.state).toBe('recovering')
    expect(nux(...started, LadderHeld)?.health.state).toBe('unknown')
  })

  test('[PR-12] loops while it is given no bead because its sessions die', () => {
    const { AgentQuarantined, AgentReleased, PolecatNamed } = SAMPLES
    expect(nux(PolecatNamed, AgentQuarantined)?.health.state).toBe('crashLooping')
    expect(nux(PolecatNamed, AgentQuarantined, AgentReleased)?.health.state).toBe('idle')
  })

  test('[PR-12] runs the preset that was asked for', () => {
    expect(nux({ ...SAMPLES.DispatchQueued, preset: 'mine' }, ...started)?.runtime).toBe('mine')
  })

  test('[PR-12] is done once it submitted, also when its process ends after that', () => {
    const done = { ...SAMPLES.SessionEnded, done: true }
    expect(nux(...started, SAMPLES.AgentDone)?.health.state).toBe('done')
    expect(nux(...started, SAMPLES.WorkSubmitted, done)).toMatchObject({
      state: 'submitted',
      session: null,
      pid: null,
      health: { state: 'done' },
    })
  })

  test('[PR-12] recovers after a death and says how long it waits; a new attempt is work again', () => {
    const { SessionEnded, RecoveryAsked, RecoveryScheduled } = SAMPLES
    const died = [...started, SessionEnded, RecoveryAsked, RecoveryScheduled]
    expect(nux(...died)).toMatchObject({
      pid: null,
      session: null,
      health: { state: 'recovering', since: timeOf(5), reason: 'begins again after 300 s' },
    })
    expect(nux(...died, { ...AttemptBegun, attempt: 2 })?.health).toMatchObject({
      state: 'working',
      reason: 'attempt 2',
    })
  })

  test('[PR-12] waits for a person when it is parked or asked for one', () => {
    expect(nux(...started, SAMPLES.SandboxParked)?.health).toMatchObject({
      state: 'waitingForPerson',
      reason: 'three deaths',
    })
    expect(
      nux(...started, { ...SAMPLES.AgentDone, status: 'ESCALATED', note: 'which one?' })?.health,
    ).toMatchObject({
      state: 'waitingForPerson',
      reason: 'which one?',
    })
    expect(agentCounts(after(createAgents(), ...started, SAMPLES.SandboxParked), 'shop')).toMatchObject({
      waitingForPerson: 1,
    })
  })

  test('[PR-12] rests while the town is down, and its process that is ended then is no death', () => {
    expect(nux(...started, SAMPLES.SandboxPaused, SAMPLES.SessionEnded)).toMatchObject({
      state: 'paused',
      hook: 'sh-1',
      health: { state: 'idle', reason: 'the town is down' },
    })
  })

  test('[PR-12] that could not be started has no session', () => {
    expect(nux(BeadHooked, SessionOpened, SAMPLES.SessionFailed)).toMatchObject({
      session: null,
      health: { state: 'recovering' },
    })
  })

  test('[PR-12] is not touched by the end of a session that is not its current one', () => {
    const later = { ...SessionStarted, session: `${NUX}/sessions/1.2` }
    expect(nux(...started, later, SAMPLES.SessionEnded)).toMatchObject({ session: later.session, pid: 4_711 })
  })

  test('[PR-12] that is a Refinery shows what it does and what it waits for', () => {
    const refinery = (...facts: Fact[]) => agent(after(createAgents(), RigAdded, ...facts), 'shop/refinery')
    const { MergeBuilding, MergeTesting, MergeLanding, MergeLanded, LandingWaits, LandingResumed } = SAMPLES
    expect(refinery(MergeBuilding)).toMatchObject({
      state: 'building',
      hook: 'sh-1',
      health: { state: 'working' },
    })
    expect(refinery(MergeBuilding, MergeTesting)).toMatchObject({ state: 'testing' })
    expect(refinery(MergeBuilding, MergeTesting, MergeLanding)).toMatchObject({ state: 'landing' })
    expect(refinery(MergeBuilding, MergeLanded)).toMatchObject({ state: 'idle', hook: null })
    expect(refinery(MergeBuilding, SAMPLES.MergeFailed)).toMatchObject({ state: 'idle', hook: null })
    expect(refinery(LandingWaits)).toMatchObject({
      health: { state: 'waitingForPerson', reason: 'no gate is set' },
    })
    expect(refinery(LandingWaits, LandingResumed)).toMatchObject({
      hook: 'sh-1',
      health: { state: 'working' },
    })
  })
})

describe('a session', () => {
  const { SessionOpened, SessionStarted, SessionStopping, SessionEnded, SessionFailed, AgentDone } = SAMPLES

  test('[PR-15] says for which bead and why it was opened, and how it ended', () => {
    const rows = after(createSessions(), SessionOpened, SessionStarted, SessionStopping, SessionEnded)
    expect(session(rows, SessionOpened.session)).toMatchObject({
      agent: NUX,
      bead: 'sh-1',
      reason: 'first',
      state: 'ended',
      startedAt: timeOf(2),
      stopReason: 'gt down',
      endedAt: timeOf(4),
      ending: { kind: 'killed', detail: 'SIGKILL', survivors: 0 },
      done: false,
    })
    expect(currentSession(rows, NUX)).toBeNull()
  })

  test('[PR-15] that was not started says why', () => {
    const rows = after(createSessions(), SessionOpened, SessionFailed)
    expect(session(rows, SessionOpened.session)?.ending).toMatchObject({
      kind: 'notStarted',
      detail: 'no such program',
    })
  })

  test('[PR-15] counts among the tries of its bead; the one that has not ended is current', () => {
    const second = `${NUX}/sessions/1.2`
    const rows = after(
      createSessions(),
      SessionOpened,
      SessionStarted,
      SessionEnded,
      { ...SessionOpened, session: second, attempt: 2, reason: 'recovered' },
      { ...AgentDone, session: second },
    )
    expect(tries(rows, 'sh-1')).toEqual({ attempts: 2, recoveries: 1 })
    expect(currentSession(rows, NUX)).toMatchObject({ session: second, done: true })
    expect(sessions(rows, { live: false, rig: 'shop' })).toHaveLength(1)
  })
})

describe('the town', () => {
  const { TownInstalled, TownStarted, TownStopped, TownSettingChanged } = SAMPLES

  test('[PR-20] holds its settings and how long nobody was there', () => {
    const rows = after(createTown(), TownInstalled, TownStarted, TownStopped, TownSettingChanged, TownStarted)
    expect(town(rows)).toMatchObject({
      id: 't1',
      name: 'farm',
      owner: { name: 'Ada' },
      running: true,
      startedAt: timeOf(5),
      stoppedAt: timeOf(3),
      starts: 2,
      downMs: { last: 4_000, total: 8_000 },
    })
    expect(townSetting(rows, 'limits.polecats')).toBe(4)
    expect(townSetting(rows, 'nothing')).toBeNull()
  })

  test('[P7] [PR-20] has made no model call to supervise, whatever happened', () => {
    const { JudgementGiven: judged, ...others } = SAMPLES
    const none = { modelCalls: 0, tokens: 0, costUsd: 0, unpriced: 0, reasons: {} }
    expect(town(after(createTown(), ...Object.values(others))).supervision).toEqual(none)
    // But for judgements, which a person allows: by reason, and what nobody knows the price of by itself.
    const unpriced = { ...judged, calls: 2, costUsd: null }
    expect(town(after(createTown(), judged, judged, unpriced)).supervision).toEqual({
      modelCalls: 4,
      tokens: 2_760,
      costUsd: 0.04,
      unpriced: 2,
      reasons: { SILENT_IN_TOOL: 4 },
    })
  })
})
