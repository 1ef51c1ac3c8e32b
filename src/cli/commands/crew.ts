// gt crew: workplaces of your own, each with an agent that you direct.

import { type Call, type Command, flagOf, given, textOf } from '../command.ts'
import { since, table } from '../layout.ts'
import { goTo, type Started, start, starting } from '../starting.ts'
import { keptLines } from './nuke.ts'

type Agent = {
  address: string
  rig: string
  state: string
  session: string | null
  runtime: string | null
  health: { since: string; reason: string | null }
  standing: { state: string } | null
}

const options = starting('rig')

export const crewAdd: Command = {
  name: 'crew add',
  summary: 'makes a workplace of your own: a worktree that nothing cleans away',
  usage: '<name>',
  where: 'person',
  words: [1, 1],
  options: {
    rig: { type: 'text', value: '<rig>', help: 'the rig (project); needed when there are several' },
    branch: { type: 'text', value: '<branch>', help: 'crew/<name> when not said' },
  },
  async run(call) {
    const body = given({ name: call.words[0], rig: textOf(call, 'rig'), branch: textOf(call, 'branch') })
    const made = await call.town().command<{ agent: string; path: string; branch: string }>('crew.add', body)
    call.out.answer({
      json: made,
      ids: [made.agent],
      lines: () => [
        `${made.agent} is at ${made.path}, on branch ${made.branch}.`,
        `gt crew at ${call.words[0]} takes you there.`,
      ],
    })
  },
}

export const crewStart: Command = {
  name: 'crew start',
  summary: 'starts a crew member; it goes on with its last conversation',
  usage: '<name>',
  where: 'person',
  words: [1, 1],
  options,
  async run(call) {
    const started = await start(call, call.town(), whoIn(call))
    call.out.answer({ json: started, ids: [started.session], lines: () => [startedLine(started)] })
  },
}

export const crewAt: Command = {
  name: 'crew at',
  summary: 'takes you to a crew member, in this terminal; starts it when it does not run',
  usage: '<name>',
  where: 'person',
  words: [1, 1],
  options,
  run: (call) => goTo(call, { name: crewName(call.words[0] ?? ''), who: whoIn(call), command: 'crew at' }),
}

export const crewStop: Command = {
  name: 'crew stop',
  summary: 'ends the session of a crew member; worktree and conversation stay',
  usage: '<name>',
  where: 'person',
  words: [1, 1],
  async run(call) {
    const found = await call.town().command<{ agent: string }>('crew.stop', { crew: call.words[0] })
    call.out.answer({ json: found, ids: [found.agent], lines: () => [`${found.agent} is told to stop.`] })
  },
}

export const crewRemove: Command = {
  name: 'crew remove',
  summary: 'takes the workplace of a crew member away; all that is in it is kept',
  usage: '<name>',
  where: 'person',
  words: [1, 1],
  options: {
    yes: {
      type: 'flag',
      short: 'y',
      help: 'also while it runs, or when it has work that it never handed in',
    },
    reason: { type: 'text', value: '<text>', help: 'why; the feed says so' },
  },
  async run(call) {
    type Removed = { agent: string; branch: string; entry: string; files: number | null }
    const [crew] = call.words
    const body = given({ crew, yes: flagOf(call, 'yes') || undefined, reason: textOf(call, 'reason') })
    const found = await call.town().command<Removed>('crew.remove', body)
    call.out.answer({
      json: found,
      ids: [found.entry],
      lines: () => [
        `${found.agent} is removed, with its branch ${found.branch}.`,
        ...keptLines({ ...found, worktree: null }),
        `To have it again: gt trash restore ${found.entry}`,
      ],
    })
  },
}

export const crewList: Command = {
  name: 'crew list',
  summary: 'crew members, and which of them run',
  usage: '',
  words: [0, 0],
  options: { rig: { type: 'text', value: '<rig>', help: 'of one rig alone' } },
  async run(call) {
    const query = { role: 'crew', rig: textOf(call, 'rig'), at: textOf(call, 'at') }
    const { items } = await call.town().get<{ items: Agent[] }>('/v1/agents', query)
    const now = new Date().toISOString()
    const rows = items.map(({ address, rig, state, runtime, standing, health }) => [
      address.slice(address.lastIndexOf('/') + 1),
      rig,
      standing?.state ?? state,
      since(health.since, now),
      runtime ?? '',
      health.reason ?? '',
    ])
    call.out.answer({
      json: items,
      ids: items.map(({ address }) => address),
      lines: () =>
        items.length === 0
          ? ['There is no crew member; gt crew add <name> makes one.']
          : table(['NAME', 'RIG', 'STATE', 'FOR', 'PROGRAM', 'NOTE'], rows, { columns: call.out.columns }),
    })
  },
}

const whoIn = ({ words: [crew = ''] }: Call) => ({ command: 'crew.start', crew }) as const

const startedLine = ({ agent, resumed }: Started): string =>
  resumed ? `${agent} runs, and goes on with its last conversation.` : `${agent} runs.`

/** `ada` is `crew/ada`, so that a polecat of that name is not meant. */
const crewName = (name: string): string => (name.includes('/') ? name : `crew/${name}`)
