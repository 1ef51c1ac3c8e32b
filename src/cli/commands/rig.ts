// gt rig: projects.

import { type Command, flagOf, given, textOf } from '../command.ts'
import { showList } from '../listing.ts'
import { readOne } from '../reading.ts'

export type Rig = {
  name: string
  prefix: string
  state: string
  remote: { url: string }
  target: { branch: string; head: string | null; state: string; reason: string }
  gates: string[]
  limits: { polecats: number | null }
  failure: { message: string } | null
  parked: boolean
  /** Of a fork: where the parent's rig lands. */
  apart: { url: string } | null
  fork: { name: string; seq: number } | null
}

export const rigAdd: Command = {
  name: 'rig add',
  summary: 'makes a rig (project) of a git repository',
  usage: '<name> <url or path>',
  words: [2, 2],
  options: {
    prefix: { type: 'text', value: '<letters>', help: 'what the ids of its beads begin with' },
    target: { type: 'text', value: '<branch>', help: 'where work lands' },
    local: { type: 'flag', help: 'land in the path itself, not at its origin' },
    'no-gate': { type: 'flag', help: 'do not take over the test command that was found' },
  },
  async run(call) {
    const [name = '', source = ''] = call.words
    // A path is meant from here, not from where the daemon stands.
    const { resolve } = await import('node:path')
    const path = /^[a-z+]+:\/\/|^[\w.-]+@[\w.-]+:/i.test(source) ? source : resolve(call.cwd, source)
    const body = given({
      name,
      source: path,
      prefix: textOf(call, 'prefix'),
      target: textOf(call, 'target'),
      local: flagOf(call, 'local'),
      gate: !flagOf(call, 'no-gate'),
    })
    const found = await call.town().command<{ name: string; sentence: string }>('rig.add', body)
    // The id alone on stdout, for scripts; the sentence is for the person.
    call.out.note(found.sentence)
    call.out.answer({ json: found, ids: [found.name] })
  },
}

export const rigList: Command = {
  name: 'rig list',
  summary: 'rigs (projects) and the state of their targets',
  usage: '',
  words: [0, 0],
  async run(call) {
    const { items } = await call.town().get<{ items: Rig[] }>('/v1/rigs', { at: textOf(call, 'at') })
    showList(call, items, {
      id: ({ name }) => name,
      head: ['RIG', 'PREFIX', 'TARGET', 'STATE', 'MUST PASS', 'FROM'],
      row: ({ name, prefix, target, gates, state, parked, remote }) => [
        name,
        prefix,
        `${target.branch} ${target.head?.slice(0, 7) ?? ''}`,
        state !== 'active' ? state : parked ? 'parked' : target.state,
        gates.join(' '),
        remote.url,
      ],
    })
  },
}

export const rigShow: Command = {
  name: 'rig show',
  summary: 'one rig (project): where its work lands, its settings',
  usage: '<rig>',
  words: [1, 1],
  async run(call) {
    const rig = await readOne<Rig & { sentence: string; settings: object }>(call, 'rigs')
    call.out.answer({
      json: rig,
      ids: [rig.name],
      lines: () => [
        `${rig.name} (${rig.prefix}-…), ${rig.state}`,
        rig.sentence,
        ...(rig.apart === null || rig.fork === null
          ? []
          : [
              `fork of ${rig.fork.name} at ${rig.fork.seq}: apart from ${rig.apart.url} (gt rig remote ${rig.name} --rejoin)`,
            ]),
        ...(rig.parked ? [`parked: gt rig unpark ${rig.name}`] : []),
        `${rig.target.branch} is ${rig.target.state}: ${rig.target.reason}`,
        ...(rig.failure === null ? [] : [rig.failure.message]),
        ...Object.entries(rig.settings).map(([key, value]) => `  ${key} = ${JSON.stringify(value)}`),
      ],
    })
  },
}
