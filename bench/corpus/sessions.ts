// Programs begin and end: what the host answers, and what each program does from then on.

import { agentOf, rigOf, sessionRole } from '../../src/events/address.ts'
import type { Perform } from '../../src/system/types.ts'
import { crewAtWork } from './crew.ts'
import { polecatAtWork } from './polecat.ts'
import { MINUTE, type World } from './world.ts'

/** What a session's program is started with, as far as a record shows it. */
const ARGUMENT_SHOWN = 1_900

export const sessions = (world: World): Readonly<Record<'session.start' | 'session.stop', Perform>> => ({
  async 'session.start'({ params }) {
    const { session, bead, resume } = params as {
      session: string
      bead: string | null
      resume?: string | null
    }
    const { random, texts } = world
    await world.rest(texts.length(700, 0.6, 20_000))
    if (random.chance(0.004)) {
      const message = {
        type: 'session.notStarted',
        code: 'NOT_STARTED',
        message: 'There is no such program.',
      }
      return { message, by: 'host' }
    }
    const runtimeSession = resume ?? texts.uuid()
    const process = world.begin({
      session,
      agent: agentOf(session) ?? session,
      bead,
      rig: rigOf(session),
      resumes: resume != null,
    })
    const work = sessionRole(session) === 'polecat' ? polecatAtWork : crewAtWork
    // Its first words come after the news of its start.
    world.scheduler.after(random.between(900, 4_000), () => void work(world, process, runtimeSession))
    const orders = `You are ${process.agent}. ${texts.prose(texts.length(900, 0.5, ARGUMENT_SHOWN - 100))}`
    const folder = `/home/you/town/.gt/run/sessions/${session.replaceAll('/', '-')}`
    const command = [
      'claude',
      ...(resume == null ? ['--session-id', runtimeSession] : ['--resume', runtimeSession]),
      '--settings',
      `${folder}/claude-settings.json`,
      '--permission-mode',
      'manual',
      '--',
      orders,
    ]
    const message = { type: 'session.started', pid: process.pid, command, runtime: 'claude', runtimeSession }
    return { message, by: 'host' }
  },

  async 'session.stop'({ params }) {
    const session = String(params.session)
    const process = world.processes.get(session)
    await world.rest(world.texts.length(600, 0.7, MINUTE))
    if (process?.alive) {
      process.alive = false
      world.processes.delete(session)
    }
    const signal = world.random.chance(0.1) ? 'SIGKILL' : 'SIGTERM'
    return { message: { type: 'session.stopped', ending: { kind: 'killed', signal } }, by: 'host' }
  },
})
