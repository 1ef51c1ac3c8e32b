// gt status: the screen one looks at all day.
//
//   1. 80 columns; what waits for a person stands first.
//   2. Exit code 1 when a person is needed.

import { type Command, flagOf, textOf } from '../command.ts'
import { clock, cut, since, table } from '../layout.ts'
import { inRed } from '../output.ts'
import { safeLine } from '../sanitize.ts'
import { agentState, type Standing, waitText } from '../words-for.ts'

type Rig = {
  name: string
  state: string
  parked: boolean
  target: { branch: string; head: string | null; state: string; reason: string }
  working: number
  queued: number
  open: number
  closed: number
  bypass?: { by: string; since: string } | null
  frozen?: { by: string; since: string; reason: string } | null
}
type Agent = {
  address: string
  role: string
  state: string
  hook: string | null
  title?: string
  standing?: Standing | null
  health: { state: string; since: string; reason: string | null }
}
type Waiting = { id: string; code: string; what: string; bead: string | null; since: string; next: string }
export type Status = {
  town: { name: string; dir: string }
  at: string
  seq: number
  daemon: { pid: number; startedAt: string; version: string } | null
  rigs: Rig[]
  agents: Agent[]
  queue: {
    waiting: number
    running: number
    items: { bead: string; waitingFor: { kind: string; id: string } | null }[]
  }
  mergeQueue: { items: { bead: string; state: string }[]; landed: number }
  waitsForYou: Waiting[]
  problems: { at: string; code: string; message: string }[]
  supervision: {
    modelCalls: number
    tokens: number
    costUsd: number
    unpriced?: number
    reasons?: Record<string, number>
  }
  stopped: { since: string; reason: string } | null
  paused: { since: string; deaths: number; withinMs: number } | null
  fork: { name: string; seq: number } | null
  work: Record<string, number>
}

export const status: Command = {
  name: 'status',
  summary: 'the first screen: who works on what, and what waits for you',
  usage: '',
  words: [0, 0],
  options: {
    watch: { type: 'flag', help: 'stay, and show every change' },
    all: { type: 'flag', help: 'polecats (workers) without work too' },
  },
  async run(call) {
    const town = call.town()
    const at = textOf(call, 'at')
    const read = () => town.get<Status>('/v1/status', { at })
    let now = await read()
    const show = () =>
      screen(now, { past: at !== undefined, all: flagOf(call, 'all'), columns: call.out.columns })
    if (flagOf(call, 'watch')) {
      const draw = () => call.out.event(now, () => '')
      const paint = () => {
        if (call.out.json) return draw()
        if (process.stdout.isTTY !== true)
          return call.out.answer({ json: now, lines: show, alarm: alarmOf(now) })
        // Home, then each line to its end, then what is left of the screen: no flicker.
        process.stdout.write(
          `\x1b[H${alarmed(now, call.out.colour)}${show()
            .map((line) => `${line}\x1b[K\n`)
            .join('')}\x1b[J`,
        )
      }
      if (!call.out.json && process.stdout.isTTY === true) process.stdout.write('\x1b[2J')
      paint()
      let due = false
      await town.follow('/v1/records/stream', { after: now.seq, signal: call.signal }, () => {
        if (due) return
        due = true
        // Many records come together; one look is enough for all.
        setTimeout(async () => {
          due = false
          now = await read()
          paint()
        }, WATCH_MS)
      })
      return 0
    }
    call.out.answer({ json: now, ids: now.waitsForYou.map(({ id }) => id), lines: show, alarm: alarmOf(now) })
    return now.waitsForYou.length > 0 ? 1 : 0
  },
}

/** What stands above everything, or null. */
function alarmOf({ stopped, paused, at }: Status): string | null {
  if (stopped == null && paused != null)
    return `NO WORK IS HANDED OUT for ${since(paused.since, at)}: ${paused.deaths} agents died within ${paused.withinMs / 1_000} s. It goes on when none died for 5 minutes, or with gt thaw.`
  if (stopped == null) return null
  const why = stopped.reason === '' ? '' : `: ${stopped.reason}`
  return `EVERYBODY IS STOPPED for ${since(stopped.since, at)}${why}. gt thaw lets them go on.`
}

function alarmed(now: Status, colour: boolean): string {
  const alarm = alarmOf(now)
  return alarm === null ? '' : `${inRed(safeLine(alarm), colour)}\x1b[K\n`
}

/** Between two looks, ms. */
const WATCH_MS = 150

const AGENTS_SHOWN = 12
const WAITS_SHOWN = 5

export function screen(
  {
    town,
    at,
    seq,
    daemon,
    rigs,
    agents,
    queue,
    mergeQueue,
    waitsForYou,
    problems,
    supervision,
    fork,
    work,
  }: Status,
  { past, all, columns }: { past: boolean; all: boolean; columns: number },
): string[] {
  const width = Math.min(columns, 100)
  const daemonText = past
    ? seq === 0
      ? 'before it was made'
      : `as it was at ${clock(at)}`
    : daemon === null
      ? 'down: gt up starts it'
      : `up ${since(daemon.startedAt, at)}, pid ${daemon.pid}`
  const workers = agents.filter(
    ({ role, hook, state }) => role === 'polecat' && (all || hook !== null || state !== 'idle'),
  )
  const shown = workers.slice(0, AGENTS_SHOWN)
  const standing = mergeQueue.items
  return [
    cut(`town ${town.name} (${town.dir}): ${daemonText}`, width),
    ...(fork == null ? [] : [cut(`fork of ${fork.name} at ${fork.seq}`, width)]),
    '',
    ...(waitsForYou.length === 0
      ? ['Nothing waits for you.']
      : [
          `WAITS FOR YOU: ${waitsForYou.length}`,
          ...waitsForYou
            .slice(0, WAITS_SHOWN)
            .flatMap(({ bead, id, what, since: from, next }) => [
              cut(`  ${bead ?? id} for ${since(from, at)}: ${what}`, width),
              cut(`      ${next}`, width),
            ]),
          ...(waitsForYou.length > WAITS_SHOWN ? ['  … more: gt inbox'] : []),
        ]),
    '',
    ...(rigs.length === 0
      ? ['No rig (project) yet: gt rig add <name> <url or path>']
      : table(
          ['RIG (project)', 'LANDS ON', 'STATE', 'WORK', 'QUEUE', 'OPEN', 'DONE'],
          rigs.map(({ name, state, parked, target, working, queued, open, closed }) => [
            name,
            `${target.branch} ${target.head?.slice(0, 7) ?? ''}`.trim(),
            state !== 'active' ? state : parked ? 'parked' : target.state,
            String(working),
            String(queued),
            String(open),
            String(closed),
          ]),
          { wide: 0, columns: width },
        )),
    ...rigs.flatMap(({ name, target, frozen }) =>
      frozen == null
        ? []
        : [
            cut(
              `! ${target.branch} of ${name} is frozen by ${by(frozen.by)} for ${since(frozen.since, at)}${frozen.reason === '' ? '' : `: ${frozen.reason}`}; gt mq thaw ${name}`,
              width,
            ),
          ],
    ),
    ...rigs.flatMap(({ name, bypass }) =>
      bypass == null
        ? []
        : [
            cut(
              `! ${name}: agents do all that no rule denies (permissions.mode is bypass, by ${by(bypass.by)}, for ${since(bypass.since, at)})`,
              width,
            ),
          ],
    ),
    '',
    ...(shown.length === 0
      ? [
          `No polecat (worker) is at work.${work.ready ? ` ${work.ready} beads (units of work) are ready: gt sling <bead>` : ''}`,
        ]
      : table(
          ['POLECAT (worker)', 'BEAD (unit of work)', 'STATE', 'FOR'],
          shown.map(({ address, hook, title, state, standing, health }) => [
            shortAddress(address),
            hook === null ? '' : `${hook} ${title ?? ''}`.trim(),
            agentState(state, standing, health),
            since(health.since, at),
          ]),
          { wide: 1, columns: width },
        )),
    ...(workers.length > shown.length
      ? [`… and ${workers.length - shown.length} more: gt polecat list`]
      : []),
    '',
    cut(`Waiting for a place: ${queue.waiting}${queued(queue)}`, width),
    cut(
      `Refinery (merge queue): ${standing.length === 0 ? 'empty' : standing.map(({ bead, state }) => `${bead} ${state}`).join(', ')}; ${mergeQueue.landed} landed`,
      width,
    ),
    ...problems.slice(0, WAITS_SHOWN).map(({ code, message }) => cut(`! ${message} (${code})`, width)),
    cut(supervisionLine(supervision), width),
  ]
}

function supervisionLine({ modelCalls, tokens, costUsd, unpriced = 0, reasons = {} }: Status['supervision']) {
  const why = Object.entries(reasons).map(([code, n]) => `${code} ${n}`)
  return [
    `Supervision: ${modelCalls} model calls, ${tokens} tokens, $${costUsd.toFixed(2)}`,
    ...(unpriced === 0 ? [] : [`${unpriced} without a known price`]),
    ...(why.length === 0 ? [] : [`for ${why.join(', ')}`]),
  ].join(', ')
}

const by = (who: string): string => (who === 'overseer' ? 'you' : who)

/** `shop/nux` for `shop/polecats/nux`; both are understood everywhere. */
const shortAddress = (address: string): string => address.replace('/polecats/', '/')

function queued({ waiting, items }: Status['queue']): string {
  if (waiting === 0) return ''
  const few = items
    .slice(0, 4)
    .map(({ bead, waitingFor }) => (waitingFor === null ? bead : `${bead} (${waitText(waitingFor)})`))
  return `: ${few.join(', ')}${waiting > few.length ? ', …' : ''}`
}
