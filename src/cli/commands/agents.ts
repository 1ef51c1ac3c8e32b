// gt agents, gt polecat list, gt polecat show.

import { type Call, type Command, textOf } from '../command.ts'
import { clock, since } from '../layout.ts'
import { showList } from '../listing.ts'
import { readOne } from '../reading.ts'
import { agentState, type Standing } from '../words-for.ts'
import { type Cv, cvLine } from './cv.ts'

type Agent = {
  address: string
  role: string
  rig: string | null
  state: string
  hook: string | null
  session: string | null
  runtime: string | null
  pid: number | null
  standing?: Standing | null
  health: Health
}
type Health = {
  state: string
  since: string
  reason: string | null
  evidence?: { seq: number | null; what: string } | null
}
type Session = {
  session: string
  bead: string
  attempt: number
  reason: string
  state: string
  openedAt: string
  endedAt: string | null
  ending: { kind: string; detail: string } | null
}

type Shown = Agent & { cv: Cv | null; sessions: Session[] }

const rig = { rig: { type: 'text', value: '<name>', help: 'of this rig (project) only' } } as const

export const agents: Command = {
  name: 'agents',
  summary: 'everybody, with what they do',
  usage: '',
  words: [0, 0],
  options: { ...rig, role: { type: 'text', value: '<role>', help: 'polecat, refinery, …' } },
  run: (call) => list(call, textOf(call, 'role')),
}

export const polecatList: Command = {
  name: 'polecat list',
  summary: 'polecats (workers), with what they do',
  usage: '',
  words: [0, 0],
  options: rig,
  run: (call) => list(call, 'polecat'),
}

export const polecatShow: Command = {
  name: 'polecat show',
  summary: 'one polecat (worker), with what it ran',
  usage: '<polecat>',
  words: [1, 1],
  async run(call) {
    const agent = await readOne<Shown>(call, 'agents')
    const { address, state, standing, hook, health, cv, sessions } = agent
    call.out.answer({
      json: agent,
      ids: [address],
      lines: () => [
        `${address}  ${agentState(state, standing, health)}${hook === null ? '' : `, with ${hook}`}`,
        `  ${health.state} for ${since(health.since, new Date().toISOString())}${health.reason === null ? '' : `: ${health.reason}`}${shownBy(health)}`,
        ...(cv === null ? [] : [`  CV: ${cvLine(cv)}`]),
        ...sessions.map(
          ({ bead, attempt, reason, openedAt, state: now, ending }) =>
            `  ${clock(openedAt)}  ${bead}, attempt ${attempt} (${reason}): ${ending === null ? now : `${ending.kind} ${ending.detail}`}`,
        ),
      ],
    })
  },
}

const shownBy = ({ evidence }: Health): string =>
  evidence?.seq == null ? '' : ` (record ${evidence.seq}: ${evidence.what})`

async function list(call: Call, role: string | undefined): Promise<undefined> {
  const query = { role, rig: textOf(call, 'rig'), at: textOf(call, 'at'), limit: 1_000 }
  const { items } = await call.town().get<{ items: Agent[] }>('/v1/agents', query)
  const now = new Date().toISOString()
  showList(call, items, {
    id: ({ address }) => address,
    head: ['AGENT', 'STATE', 'SINCE', 'BEAD', 'PROGRAM', ''],
    row: ({ address, state, standing, health, hook, runtime }) => [
      address,
      agentState(state, standing, health),
      since((state === 'working' ? standing : null)?.since ?? health.since, now),
      hook ?? '',
      runtime ?? '',
      health.reason ?? '',
    ],
  })
}
