// What is heard of the agents at work: shown at once, recorded when it matters.
//
// Owns:      where each session stands as of now, and what it did since the last record of it: caches, both.
// Does not:  say what follows from what is heard (src/actors/session/standing.ts), or know a runtime's words.
// Always:    a change of where an agent stands is recorded before `hear` answers; what it does from one moment to the
//            next is folded, and recorded at most once in 30 s for a session. Nothing runs while nobody says anything.

import { fold, hasActivity, NO_ACTIVITY } from '../../actors/session/activity.ts'
import {
  beginning,
  FRESH_MS,
  isActivity,
  isTooSoon,
  sameStanding,
  stand,
} from '../../actors/session/standing.ts'
import type { Hearing } from '../../api/town.ts'
import { ownerKind } from '../../events/address.ts'
import type { Activity, Heard, Standing } from '../../events/hearing.ts'
import { nudgeNamedIn } from '../../events/nudge-line.ts'
import type { Address } from '../../events/record.ts'
import type { Clock, Ids } from '../../ports/clock.ts'
import type { Preset, Presets, ScreenView } from '../../ports/presets.ts'
import type { Terminals } from '../../ports/terminals.ts'
import type { System } from '../../system/types.ts'
import { sessionFiles } from '../files.ts'
import { heardOnScreen } from './screen-evidence.ts'
import { eachUnheard } from './unheard.ts'

/** From the first activity that is not recorded to its record, ms. */
export const RECORD_AFTER_MS = 30_000
/** Calls of one session that are known again when they are posted twice. */
const KNOWN_CALLS_MAX = 300

type Live = {
  standing: Standing
  /** Where the record says that it stands: another one there means that something was decided meanwhile. */
  recorded: Standing | null
  activity: Activity
  cancelRecord: (() => void) | null
  cancelLook: (() => void) | null
  /** Since when (ms) its screen shows a dialog that no hook told of, and where it stood then. */
  dialog: { readonly since: number; readonly standing: Standing } | null
  readonly calls: Set<string>
}

export interface TownHearing extends Hearing {
  /** Reads what terminals show. */
  watch(terminals: Terminals): void
  /** Takes in what waits in files of these sessions. */
  catchUpAll(sessions: readonly Address[]): Promise<void>
  forget(session: Address): void
  /** Records what is folded, and calls off what is planned. */
  close(): Promise<void>
}

export function createHearing(options: {
  readonly dir: string
  readonly system: System
  readonly clock: Clock
  readonly ids: Ids
  readonly presets: Presets
  readonly onTrouble: (code: string, message: string) => void
}): TownHearing {
  const { dir, system, clock, ids, presets, onTrouble } = options
  const sessions = new Map<Address, Live>()
  let closed = false

  const contextOf = (session: Address) => {
    const owner = ownerKind(session) === 'session' ? system.owner(session) : null
    return owner === null || owner.value === 'ended' ? null : owner.context
  }

  /** Null when the session has ended or never was. */
  function liveOf(session: Address): Live | null {
    const context = contextOf(session)
    if (context === null) {
      forget(session)
      return null
    }
    const recorded = (context.standing ?? null) as Standing | null
    let live = sessions.get(session)
    if (live === undefined) {
      live = {
        standing: recorded ?? beginning(nowIso()),
        recorded,
        activity: NO_ACTIVITY,
        cancelRecord: null,
        cancelLook: null,
        dialog: null,
        calls: new Set(),
      }
      sessions.set(session, live)
    } else if (recorded !== null && recorded !== live.recorded) {
      const isNews = live.recorded === null || !sameStanding(recorded, live.recorded)
      live.recorded = recorded
      // What it did since is newer than a record that it works.
      if (isNews && !(works(recorded) && works(live.standing))) live.standing = recorded
    }
    return live
  }

  const nowIso = (): string => new Date(clock.now()).toISOString()
  const isAsking = (session: Address): boolean => {
    const asking = contextOf(session)?.asking
    return Array.isArray(asking) && asking.length > 0
  }

  async function hearOne(session: Address, heard: Heard, id: string): Promise<void> {
    const live = liveOf(session)
    if (live === null) return
    const at = nowIso()
    const before = live.standing
    const after = stand(before, heard, at, isAsking(session))
    if (isActivity(before, heard)) {
      live.standing = after
      live.activity = fold(live.activity, heard)
      if (isUnsaid(live)) recordLater(session, live)
      return
    }
    if (sameStanding(before, after) && !SAID_ANYWAY.has(heard.kind)) return
    const activity = live.activity
    live.standing = after
    // What begins now counts for the next record.
    live.activity = fold(NO_ACTIVITY, heard)
    live.cancelRecord?.()
    live.cancelRecord = null
    if (hasActivity(live.activity)) recordLater(session, live)
    try {
      await system.take({
        id,
        by: heard.via === 'screen' ? 'host' : agentOf(session),
        messages: [
          {
            to: session,
            message: { type: 'session.heard', heard, activity: hasActivity(activity) ? activity : null },
          },
        ],
      })
    } catch (error) {
      live.activity = activity
      live.standing = before
      if (hasActivity(live.activity)) recordLater(session, live)
      throw error
    }
  }

  function recordLater(session: Address, live: Live): void {
    if (closed) return
    live.cancelRecord ??= clock.after(RECORD_AFTER_MS, () => {
      live.cancelRecord = null
      recordActivity(session, live).catch((error: unknown) => onTrouble('ACTIVITY_NOT_KEPT', String(error)))
    })
  }

  async function recordActivity(session: Address, live: Live): Promise<void> {
    if (!isUnsaid(live) || liveOf(session) !== live) return
    const { standing, activity } = live
    live.activity = NO_ACTIVITY
    await system.take({
      id: `active.${ids.random(20)}`,
      by: agentOf(session),
      messages: [{ to: session, message: { type: 'session.active', standing, activity } }],
    })
  }

  function forget(session: Address): void {
    const live = sessions.get(session)
    live?.cancelRecord?.()
    live?.cancelLook?.()
    sessions.delete(session)
  }

  async function hear(session: Address, heard: readonly Heard[], call: string): Promise<void> {
    const known = liveOf(session)?.calls
    if (known?.has(call) === true) return
    for (const [n, each] of heard.entries()) await hearOne(session, each, `heard ${session} ${call}.${n}`)
    known?.add(call)
    if (known !== undefined && known.size > KNOWN_CALLS_MAX) {
      for (const oldest of known) {
        known.delete(oldest)
        break
      }
    }
  }

  /** Null until its start is recorded. */
  function presetOf(session: Address): Preset | null {
    const runtime = contextOf(session)?.runtime
    return typeof runtime === 'string' ? presets.get(runtime) : null
  }

  const catching = new Map<Address, Promise<void>>()

  /** One after the other: two that read the same file would hear it twice. */
  function catchUp(session: Address, preset: Preset): Promise<void> {
    const before = catching.get(session) ?? Promise.resolve()
    const folder = sessionFiles(dir, session).unheard
    const now = before.then(() =>
      eachUnheard(folder, async (call, name) => {
        if (!preset.hooks.includes(call.event)) return
        const { heard, prompt } = preset.hear(call)
        const nudge = prompt === null ? null : nudgeNamedIn(prompt)
        const told = heard.filter(({ kind }) => kind !== 'asks')
        await hear(
          session,
          told.map((each) => (each.kind === 'turnStarted' ? { ...each, nudge } : each)),
          name,
        )
      }),
    )
    const settled = now.catch(() => undefined)
    catching.set(session, settled)
    void settled.then(() => {
      if (catching.get(session) === settled) catching.delete(session)
    })
    return now
  }

  /** One that was read too soon after a hook's word is read once more. */
  async function look(session: Address, screen: ScreenView, terminals: Terminals): Promise<void> {
    const live = liveOf(session)
    const preset = presetOf(session)
    if (live === null || preset === null || !preset.interactive) return
    const heard = heardOnScreen(preset.read(screen), live.standing, preset.hooks.length > 0)
    if (heard === null) {
      live.dialog = null
      return
    }
    // A program shows its dialog while its hook still waits for our rules: it counts when it is there to stay.
    if (heard.kind !== 'asks' || preset.hooks.length === 0) live.dialog = null
    else if (live.dialog?.standing !== live.standing)
      live.dialog = { since: clock.now(), standing: live.standing }
    const isNewDialog = live.dialog !== null && clock.now() - live.dialog.since < FRESH_MS
    if (isNewDialog || isTooSoon(live.standing, heard, nowIso())) {
      live.cancelLook ??= clock.after(FRESH_MS, () => {
        live.cancelLook = null
        if (sessions.get(session) !== live || closed) return
        terminals
          .screen(session)
          .then((later) => look(session, later, terminals))
          .catch(() => undefined)
      })
      return
    }
    await hear(session, [heard], ids.random(20))
  }

  return {
    hear: (session, heard, call) => hear(session, heard, call ?? ids.random(20)),
    catchUp,
    async catchUpAll(all) {
      for (const session of all) {
        const preset = presetOf(session)
        if (preset === null) continue
        await catchUp(session, preset).catch((error: unknown) => onTrouble('HOOKS_NOT_HEARD', String(error)))
      }
    },
    live: (session) => liveOf(session)?.standing ?? null,
    watch(terminals) {
      terminals.onQuiet((session, screen) => {
        look(session, screen, terminals).catch((error: unknown) => {
          if (!closed) onTrouble('SCREEN_NOT_READ', String(error))
        })
      })
    },
    forget,
    async close() {
      closed = true
      const open = [...sessions]
      for (const [, live] of open) {
        live.cancelRecord?.()
        live.cancelLook?.()
      }
      await Promise.allSettled(open.map(([session, live]) => recordActivity(session, live)))
    },
  }
}

/** Recorded also when it stands where it stood: a turn, a conversation, a compaction is news by itself. */
const SAID_ANYWAY: ReadonlySet<Heard['kind']> = new Set(['ready', 'turnStarted', 'compacted', 'turnFailed'])

/** The record does not know what it did, or that the tool came to an end that it last knew of. */
const isUnsaid = ({ activity, standing, recorded }: Live): boolean =>
  hasActivity(activity) || (recorded?.state === 'runningTool' && standing.state === 'thinking')

const works = ({ state }: Standing): boolean => state === 'thinking' || state === 'runningTool'

const agentOf = (session: Address): Address => session.replace(/\/sessions\/[^/]+$/, '')
