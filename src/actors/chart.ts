// Machines as charts and as lists, for documents and for `gt machine`.
//
// Owns:      how a machine is drawn and listed.
// Does not:  write files; know any machine.
// Always:    the same machine gives the same text, in the order in which it is written down.

import type { StateNode } from 'xstate'
import type { MachineDef } from './machine.ts'

export type MachineDescription = {
  /** In records as `name@version`. */
  readonly name: string
  readonly version: number
  /** Hosted as an XState actor; stepped at rest otherwise. */
  readonly live: boolean
  readonly initial: string
  readonly states: readonly { readonly name: string; readonly final: boolean }[]
  /** Types of the messages that some state answers in its own way, sorted. */
  readonly messages: readonly string[]
  /** `ms` null: depends on what happened before. */
  readonly delays: readonly { readonly name: string; readonly ms: number | null }[]
  readonly transitions: readonly ChartTransition[]
}

export type ChartTransition = {
  /** Names of states as in `states`; `*` is any of them. */
  readonly from: string
  /** Equals `from` when the state stays. */
  readonly to: string
  /** A message's type, `after <delay>`, or `always`. */
  readonly on: string
  readonly guarded: boolean
}

/** What a machine consists of, as plain JSON. */
export function describe({ name, version, live, machine }: MachineDef): MachineDescription {
  const nodes = below(machine.root)
  const transitions = [machine.root, ...nodes].flatMap(transitionsOf)
  const messages = transitions.map(({ on }) => on).filter((on) => on !== 'always' && !on.startsWith('after '))
  return {
    name,
    version,
    live,
    initial:
      nodes.map(nameOf).find((state) => state === machine.root.initial.target[0]?.path.join('.')) ?? '',
    states: nodes.map((node) => ({ name: nameOf(node), final: node.type === 'final' })),
    messages: [...new Set(messages)].sort(),
    delays: Object.entries(machine.implementations.delays).map(([delay, ms]) => ({
      name: delay,
      ms: typeof ms === 'number' ? ms : null,
    })),
    transitions,
  }
}

/** A `stateDiagram-v2`. What holds in any state is drawn at a state of that name. */
export function mermaid(def: MachineDef): string {
  const { root } = def.machine
  const { transitions } = describe(def)
  const lines = ['stateDiagram-v2', ...inside(root, '  ')]
  if (transitions.some(({ from }) => from === ANY)) lines.push(`  state "any state" as ${idOf(ANY)}`)
  for (const { from, to, label } of merged(transitions))
    lines.push(`  ${idOf(from)} --> ${idOf(to)} : ${label}`)
  for (const node of below(root)) if (node.type === 'final') lines.push(`  ${idOf(nameOf(node))} --> [*]`)
  return `${lines.join('\n')}\n`
}

const ANY = '*'
const nameOf = (node: StateNode): string => (node.path.length === 0 ? ANY : node.path.join('.'))
const idOf = (name: string): string => (name === ANY ? 'any_state' : name.replaceAll('.', '__'))

const below = (node: StateNode): StateNode[] =>
  Object.values(node.states).flatMap((child) => [child, ...below(child)])

function transitionsOf(node: StateNode): ChartTransition[] {
  const from = nameOf(node)
  const delayed = new Map(node.after.map((each) => [each.eventType, `after ${String(each.delay)}`]))
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])]
    .filter(({ eventType }) => eventType !== '*')
    .map(({ eventType, target, guard }) => ({
      from,
      to: target?.[0] === undefined ? from : nameOf(target[0]),
      on: eventType === '' ? 'always' : (delayed.get(eventType) ?? eventType),
      guarded: guard !== undefined,
    }))
}

function inside(node: StateNode, indent: string): string[] {
  const children = Object.values(node.states)
  const first = node.initial?.target[0]
  return [
    ...(first === undefined ? [] : [`${indent}[*] --> ${idOf(nameOf(first))}`]),
    ...children.flatMap((child) =>
      Object.keys(child.states).length === 0
        ? [`${indent}state "${child.key}" as ${idOf(nameOf(child))}`]
        : [
            `${indent}state "${child.key}" as ${idOf(nameOf(child))} {`,
            ...inside(child, `${indent}  `),
            `${indent}}`,
          ],
    ),
  ]
}

/** One arrow for each pair of states, with all its labels. */
function merged(transitions: readonly ChartTransition[]): { from: string; to: string; label: string }[] {
  const arrows = new Map<string, { from: string; to: string; labels: Set<string> }>()
  for (const { from, to, on, guarded } of transitions) {
    const key = `${from} ${to}`
    const arrow = arrows.get(key) ?? { from, to, labels: new Set() }
    arrow.labels.add(guarded ? `${on} [guarded]` : on)
    arrows.set(key, arrow)
  }
  return [...arrows.values()].map(({ from, to, labels }) => ({ from, to, label: [...labels].join('<br/>') }))
}
