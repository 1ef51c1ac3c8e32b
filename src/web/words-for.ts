// States and times in plain words.

import { firstSight } from '../events/words.js'
import type { Agent, Bead, Rig, Standing, WaitingFor } from './shapes.ts'

/** `rig (project)`, with a capital. */
export const heading = (word: string): string => {
  const text = firstSight(word)
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** C0, DEL, C1, and what turns the direction of text or hides in it: visible, and without effect. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const ACTING = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Text from agents on one line. It is shown as text and nothing else. */
export const plain = (text: string): string => text.replace(/[\t\n\r]+/g, ' ').replace(ACTING, '\u{fffd}')

/** `shop/nux` for `shop/polecats/nux`. */
export const shortAddress = (address: string): string => address.replace('/polecats/', '/')

export const beadState = ({ status, stage }: Bead): string => {
  if (stage === 'landed') return 'landed'
  if (status === 'blocked' || status === 'deferred' || status === 'closed' || stage === 'none') return status
  return status === 'hooked' ? 'starting' : stage
}

export const agentState = ({ state, standing, health }: Agent): string =>
  IN_TROUBLE[health.state] ??
  (state === 'working' && standing ? standingText(standing) : null) ??
  PLAIN[state] ??
  state

const IN_TROUBLE: { readonly [health: string]: string } = {
  stalled: 'does not go on',
  zombie: 'not stopped yet',
  crashLooping: 'dies again and again',
  unknown: 'could not be checked',
}

const PLAIN: Readonly<Record<string, string>> = {
  hooked: 'starting',
  submitted: 'done, in queue',
  recovering: 'begins again',
  parked: 'needs you',
}

const standingText = ({ state, tool, until }: Standing): string | null =>
  ({
    runningTool: tool === null ? 'runs a tool' : `runs ${tool}`,
    waitingForPermission: 'asks you',
    waitingForPerson: 'needs you',
    limited: until === null ? 'limited' : `limited until ${clock(until)}`,
    starting: 'starting',
    ready: 'ready',
    compacting: 'compacting',
    idle: 'rests',
    stuck: 'stuck',
  })[state] ?? null

export const rigState = ({ state, parked, target }: Rig): string =>
  state !== 'active' ? state : parked ? 'parked' : target.state

export const waitText = ({ kind, id }: WaitingFor): string =>
  ({
    place: 'a free place',
    person: 'you',
    recovery: 'a new try',
    gate: 'its check',
    target: 'the target',
    budget: `the budget of ${id}`,
    thaw: 'gt thaw',
    rig: `rig ${id}`,
    massDeath: 'quiet',
    quarantine: `${id}, in quarantine`,
  })[kind] ?? id

export type Tone = 'good' | 'busy' | 'bad' | 'warn' | 'quiet'

const TONES: Readonly<Record<string, Tone>> = {
  green: 'good',
  landed: 'good',
  closed: 'quiet',
  idle: 'quiet',
  watching: 'quiet',
  dispatching: 'quiet',
  open: 'quiet',
  ungated: 'warn',
  unknown: 'quiet',
  red: 'bad',
  failed: 'bad',
  frozen: 'warn',
  parked: 'warn',
  blocked: 'bad',
  deferred: 'warn',
  stuck: 'bad',
  rests: 'warn',
  'needs you': 'bad',
  'asks you': 'bad',
  'begins again': 'warn',
  queued: 'warn',
  waiting: 'quiet',
}

export const toneOf = (state: string): Tone => TONES[state] ?? (state.startsWith('limited') ? 'warn' : 'busy')

const two = (n: number): string => String(n).padStart(2, '0')

/** `22:14:07`, as the person's own clock says it. */
export function clock(iso: string): string {
  const date = new Date(iso)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** With the day. */
export function moment(iso: string): string {
  const date = new Date(iso)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(iso)}`
}

/** `4m`, `2h`, `3d`: how long before `to`. */
export function since(from: string, to: string): string {
  const seconds = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1_000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h${two(Math.floor((seconds % 3_600) / 60))}`
  return `${Math.floor(seconds / 86_400)}d`
}
