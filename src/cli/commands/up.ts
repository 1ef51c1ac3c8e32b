// gt up: starts the town, and says what it goes on with.
//
// Always:    where it listens on TCP is the town's to remember: `--http` is said once, and holds after a restart.

import { findTown } from '../../client/find-town.ts'
import { type Call, type Command, flagOf, textOf } from '../command.ts'
import { UsageError } from '../usage.ts'

export type Status = {
  daemon: { pid: number; startedAt: string; recoveredMs: number } | null
  agents: { address: string; role: string; rig: string | null; hook: string | null; state: string }[]
  rigs: { name: string; parked: boolean }[]
  queue: { waiting: number }
}

export const up: Command = {
  name: 'up',
  summary: 'starts the town',
  usage: '',
  where: 'person',
  words: [0, 1],
  options: {
    foreground: { type: 'flag', help: 'stay in this terminal until Ctrl-C' },
    http: {
      type: 'optional',
      value: '<address>',
      help: 'the HTTP API and the dashboard on this machine, too: a port, or 127.0.0.1:<port>; off ends it',
    },
  },
  async run(call) {
    const { out, env, cwd } = call
    const http = httpOf(call)
    const { dir } = findTown(textOf(call, 'town'), cwd, env)
    const { bringUp, runInForeground } = await import('../../client/embedded.ts')
    if (flagOf(call, 'foreground')) {
      return runInForeground(dir, http, (pid) => void sayReady(call, pid, http))
    }
    const { pid, started, runs } = await bringUp(dir)
    const url = http === undefined ? null : await listen(call, http)
    const status = await call.town().get<Status>('/v1/status')
    const resumed = status.agents.filter(({ role, hook }) => role === 'polecat' && hook !== null)
    const parked = status.rigs.filter((rig) => rig.parked).map(({ name }) => name)
    const recoveredMs = status.daemon?.recoveredMs ?? null
    const json = {
      pid,
      started,
      restartChanges: runs !== undefined,
      recoveredMs,
      ...(http !== undefined && { http: url }),
      resumed: resumed.map(({ address, hook }) => ({ agent: address, bead: hook })),
      waiting: status.queue.waiting,
    }
    out.answer({
      json,
      ids: [String(pid)],
      lines: () => [
        started
          ? `The town is up (pid ${pid}${recoveredMs === null ? '' : `, ready after ${recoveredMs} ms`}).`
          : `The town is up already (pid ${pid}).`,
        ...listens(url, http !== undefined),
        ...(runs === undefined
          ? []
          : [
              `It runs gt ${runs.version}${runs.program === null ? ' from sources' : ` (${runs.program.slice(0, 8)})`}, not this one: gt restart changes that.`,
            ]),
        ...resumed.map(({ address, rig, hook }) => {
          const how = rig !== null && parked.includes(rig) ? 'Rests' : started ? 'Goes on' : 'At work'
          return `${how}: ${address} with ${hook}.`
        }),
        ...parked.map((rig) => `The rig (project) ${rig} is parked: gt rig unpark ${rig} lets it go on.`),
        ...(status.queue.waiting > 0
          ? [`${status.queue.waiting} beads (units of work) wait for a place.`]
          : []),
      ],
    })
  },
}

/** Of a town in this terminal; the town itself says where it listens. A port that is taken is said and ends nothing. */
async function sayReady(call: Call, pid: number, http: string | undefined): Promise<void> {
  const { out } = call
  const url =
    http === undefined
      ? null
      : await listen(call, http).catch((error: Error) => {
          out.note(error.message)
          return null
        })
  const json = { pid, started: true, ...(http !== undefined && { http: url }) }
  const lines = () => [`The town is up (pid ${pid}) until Ctrl-C.`, ...listens(url, http !== undefined)]
  out.answer({ json, ids: [String(pid)], lines })
}

const listens = (url: string | null, asked: boolean): string[] =>
  !asked
    ? []
    : [url === null ? 'It listens on no port.' : `It listens at ${url}: gt dashboard --open shows it.`]

/** The address may stand as a word of its own: `--http 127.0.0.1:4711`. Empty: any. */
function httpOf(call: Call): string | undefined {
  const [word] = call.words
  const said = textOf(call, 'http')
  if (word !== undefined && said !== '')
    throw new UsageError(`${JSON.stringify(word.slice(0, 40))} is too much`, 'up')
  return word ?? said
}

async function listen(call: Call, http: string): Promise<string | null> {
  const command = http === 'off' ? 'http.shut' : 'http.open'
  const input = http === '' || http === 'off' ? {} : { address: http }
  return (await call.town().command<{ url: string | null }>(command, input)).url
}
