// gt play: what happened, in step with time; or what one session showed, from its recording.

import { part } from '../../client/connection.ts'
import { ClientFault } from '../../client/fault.ts'
import { type Call, type Command, flagOf, numberOf, textOf } from '../command.ts'
import { cuesOf } from '../play-cues.ts'
import { playAll, playInTime } from '../playing.ts'
import { UsageError } from '../usage.ts'

const SESSION = /^[^/]+\/.+\/sessions\/[\d.]+$/
/** A minute in a second. */
const HISTORY_SPEED = 60

export const play: Command = {
  name: 'play',
  summary: 'plays what happened, or a recording; space pauses, arrows jump, q ends it',
  usage: '[polecat or session]',
  where: 'person',
  words: [0, 1],
  options: {
    from: { type: 'text', value: '<when>', help: 'what happened from then on; 12 hours when left out' },
    to: { type: 'text', value: '<when>', help: 'up to then; up to now when left out' },
    speed: { type: 'number', value: '<n>', help: 'how many times as fast; 60, of one recording 1' },
    feed: { type: 'flag', help: 'what happened, one sentence each, below the screen' },
    screen: { type: 'text', value: '<polecat>', help: 'its screen (a polecat is a worker), in step' },
    'idle-limit': {
      type: 'number',
      value: '<s>',
      help: 'longest pause in one recording, in seconds; 2 when not said',
    },
  },
  async run(call) {
    const speed = numberOf(call, 'speed')
    if (speed !== undefined && !(speed > 0)) throw new UsageError('the speed must be more than 0', 'play')
    const [word] = call.words
    if (word === undefined) return history(call, speed ?? HISTORY_SPEED)
    const mixed = ['from', 'to', 'screen', 'feed'].find((name) => call.values[name] !== undefined)
    if (mixed !== undefined)
      throw new UsageError(`--${mixed} plays what happened: name the screen with --screen ${word}`, 'play')
    return recording(call, word, speed ?? 1)
  },
}

async function history(call: Call, speed: number): Promise<number> {
  const screen = textOf(call, 'screen')
  const feed = screen === undefined || flagOf(call, 'feed')
  const found = await cuesOf(call.town(), {
    from: textOf(call, 'from'),
    to: textOf(call, 'to') ?? textOf(call, 'at'),
    feed,
    screen,
  })
  if (found.cues.length === 0) call.out.note('Nothing happened in that time.')
  if (call.out.json || process.stdout.isTTY !== true) playAll(call.out, found.cues)
  else {
    const { stdin, stdout } = process
    await playInTime(
      { stdin, stdout, signal: call.signal },
      { ...found, speed, feed, screen: screen !== undefined },
    )
  }
  return 0
}

async function recording(call: Call, word: string, speed: number): Promise<number> {
  const idleLimit = numberOf(call, 'idle-limit') ?? 2
  const town = call.town()
  const session = SESSION.test(word)
    ? word
    : (await town.get<{ session: string }>(`/v1/peek/${part(word)}`, { lines: 1 })).session
  if (town.dir === null) throw new ClientFault('TOWN_NOT_FOUND', 'There is no town here.')
  const door = await import('../../client/embedded.ts')
  const { playSession } = await door.attach()
  const found = await playSession(town.dir, session, {
    speed,
    idleLimit: process.stdout.isTTY ? idleLimit : 0,
    output: process.stdout,
    signal: call.signal,
  })
  if (!found) throw await noRecording(call, session)
  return 0
}

/** Of one that was taken away it is said since when. */
async function noRecording(call: Call, session: string): Promise<ClientFault> {
  type Row = { session: string; reaped?: { at: string; until: string | null } | null }
  const [agent = ''] = session.split('/sessions/')
  const { items } = await call
    .town()
    .get<{ items: Row[] }>('/v1/sessions', { agent, limit: 1_000 })
    .catch(() => ({ items: [] as Row[] }))
  const reaped = items.find((one) => one.session === session)?.reaped
  if (reaped == null) return new ClientFault('AGENT_HAS_NO_SESSION', `${session} has no recording.`)
  const back =
    reaped.until === null || reaped.until < new Date().toISOString()
      ? ''
      : `, and can be brought back until ${reaped.until}: gt trash restore ${session}`
  return new ClientFault(
    'RECORDING_REAPED',
    `The recording of ${session} is gone since ${reaped.at}: it was old${back}.`,
  )
}
