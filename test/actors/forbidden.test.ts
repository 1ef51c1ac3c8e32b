import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { StateNode } from 'xstate'
import { MACHINES } from '../../src/actors/index.ts'
import { ACTIONS, type MachineDef, WORLD_EFFECTS } from '../../src/actors/machine.ts'
import { EFFECTS, FACT_TYPES, MESSAGE_TYPES, RETIRED } from '../../src/events/index.ts'

const machines = Object.entries(MACHINES)
const sources = globSync('src/actors/*/*.ts', { cwd: `${import.meta.dirname}/../..` }).map(
  (path) => [path, readFileSync(`${import.meta.dirname}/../../${path}`, 'utf8')] as const,
)

const BUILT_IN = ['xstate.assign', 'xstate.emit', 'xstate.enqueueActions', 'xstate.raise', 'xstate.cancel']
const STATE_KEYS = [
  'id',
  'initial',
  'context',
  'states',
  'on',
  'always',
  'after',
  'entry',
  'type',
  'options',
  'schemas',
]
const TRANSITION_KEYS = ['target', 'guard', 'actions', 'reenter']

test('there is a machine for each kind of owner, and each says its name', () => {
  expect(machines).toHaveLength(23)
  for (const [kind, def] of machines) expect(def.name).toBe(kind)
})

test.each(machines)('%s uses no invoke, history, parallel state, tag or exit', (_, def) => {
  for (const config of configsOf(def)) {
    for (const key of Object.keys(config)) expect(STATE_KEYS).toContain(key)
    expect([undefined, 'final']).toContain(config.type)
  }
  for (const node of nodesOf(def)) {
    expect(node.invoke).toEqual([])
    expect(['atomic', 'compound', 'final']).toContain(node.type)
  }
})

test.each(machines)('%s names its actions, or writes them with built-in ones', (_, def) => {
  const onEntry = configsOf(def).map(({ entry }) => ({ actions: entry }))
  for (const transition of [...transitionsOf(def), ...onEntry]) {
    for (const key of Object.keys(transition)) expect(TRANSITION_KEYS).toContain(key)
    for (const action of [transition.actions ?? []].flat()) {
      if (typeof action === 'function') expect(BUILT_IN).toContain((action as { type?: string }).type)
      else
        expect(Object.keys(ACTIONS)).toContain(
          typeof action === 'string' ? action : (action as { type: string }).type,
        )
    }
  }
})

test.each(machines)('%s names its delays', (_, def) => {
  for (const config of configsOf(def)) {
    for (const delay of Object.keys(config.after ?? {})) {
      expect(delay).toMatch(/^[a-z][A-Za-z]*$/)
      expect(Object.keys(def.machine.implementations.delays)).toContain(delay)
    }
  }
})

test.each(machines)('%s answers what no state expects, and cannot go round for ever', (_, def) => {
  expect(Object.keys(def.machine.config.on ?? {})).toContain('*')
  expect(def.machine.options.maxIterations).toBeLessThanOrEqual(100)
})

test.each(machines)('%s listens only to messages of the vocabulary', (_, def) => {
  const heard = def.machine.events.filter((type) => type !== '*' && !type.startsWith('xstate.after.'))
  for (const type of heard) expect(MESSAGE_TYPES).toContain(type)
})

test.each(sources)('%s speaks to nobody by itself', (_, text) => {
  expect(text).not.toMatch(
    /\b(self|system|spawn|spawnChild|invoke|sendTo|sendParent|forwardTo|fromPromise|log)\b\s*[(:,}]/,
  )
})

test('names of messages, facts and effects are written as names of their kind are, and none is retired', () => {
  for (const type of MESSAGE_TYPES) expect(type).toMatch(/^([A-Z]+(_[A-Z]+)+|MERGED|[a-z]+\.[a-z][A-Za-z]*)$/)
  for (const type of FACT_TYPES) expect(type).toMatch(/^[A-Z][a-z]+([A-Z]+[a-z]+)+$/)
  expect(new Set([...MESSAGE_TYPES, ...FACT_TYPES]).size).toBe(MESSAGE_TYPES.length + FACT_TYPES.length)
  for (const name of RETIRED) expect([...MESSAGE_TYPES, ...FACT_TYPES]).not.toContain(name)
  for (const kind of WORLD_EFFECTS) expect(Object.keys(EFFECTS)).toContain(kind)
})

type Config = {
  readonly [key: string]: unknown
  readonly type?: string
  readonly on?: { readonly [type: string]: unknown }
  readonly after?: { readonly [delay: string]: unknown }
  readonly always?: unknown
  readonly states?: { readonly [key: string]: Config }
}
type Transition = { readonly actions?: readonly ({ readonly type: string } | string | (() => void))[] }

function configsOf(def: MachineDef): Config[] {
  const walk = (config: Config): Config[] => [config, ...Object.values(config.states ?? {}).flatMap(walk)]
  return walk(def.machine.config as Config)
}

function nodesOf(def: MachineDef): StateNode[] {
  const walk = (node: StateNode): StateNode[] => [node, ...Object.values(node.states).flatMap(walk)]
  return walk(def.machine.root)
}

function transitionsOf(def: MachineDef): Transition[] {
  return configsOf(def)
    .flatMap(({ on = {}, after = {}, always = [] }) => [
      ...Object.values(on),
      ...Object.values(after),
      always,
    ])
    .flat()
    .filter((each): each is Transition => typeof each === 'object' && each !== null)
}
