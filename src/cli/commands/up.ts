// gt up: starts the town, and says what it goes on with.

import { findTown } from '../../client/find-town.ts'
import { type Command, flagOf, textOf } from '../command.ts'

export type Status = {
  daemon: { pid: number; startedAt: string; recoveredMs: number } | null
  agents: { address: string; role: string; hook: string | null; state: string }[]
  queue: { waiting: number }
}

export const up: Command = {
  name: 'up',
  summary: 'starts the town',
  usage: '',
  where: 'person',
  words: [0, 0],
  options: { foreground: { type: 'flag', help: 'stay in this terminal until Ctrl-C' } },
  async run(call) {
    const { out, env, cwd } = call
    const { dir } = findTown(textOf(call, 'town'), cwd, env)
    const { bringUp, runInForeground } = await import('../../client/embedded.ts')
    if (flagOf(call, 'foreground')) {
      return runInForeground(dir)
    }
    const { pid, started, runs } = await bringUp(dir)
    const status = await call.town().get<Status>('/v1/status')
    const resumed = status.agents.filter(({ role, hook }) => role === 'polecat' && hook !== null)
    const recoveredMs = status.daemon?.recoveredMs ?? null
    const json = {
      pid,
      started,
      restartChanges: runs !== undefined,
      recoveredMs,
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
        ...(runs === undefined
          ? []
          : [
              `It runs gt ${runs.version}${runs.program === null ? ' from sources' : ` (${runs.program.slice(0, 8)})`}, not this one: gt restart changes that.`,
            ]),
        ...resumed.map(({ address, hook }) => `${started ? 'Goes on' : 'At work'}: ${address} with ${hook}.`),
        ...(status.queue.waiting > 0
          ? [`${status.queue.waiting} beads (units of work) wait for a place.`]
          : []),
      ],
    })
  },
}
