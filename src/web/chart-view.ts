// The statechart of an owner, with the state that it is in.

import { BOX, layoutOf } from './chart-layout.ts'
import { nothing, time } from './parts.ts'
import { h, type VNode } from './preact.js'
import { type History, type Machine, type Step, stateName } from './shapes.ts'
import { plain, shortAddress } from './words-for.ts'

export function chartView(history: History | null, machines: readonly Machine[]): VNode {
  if (history === null) return nothing('…')
  const owners = lastOfEach(history.items)
  if (owners.length === 0) return nothing('It has done nothing yet.')
  return h(
    'div',
    { class: 'charts' },
    owners.map((last) => oneChart(last, machines)),
  )
}

/** The last step of the owner, and of the newest of each kind that lives below it. */
function lastOfEach(steps: readonly Step[]): Step[] {
  const byMachine = new Map<string, Step>()
  for (const step of steps) {
    if (step.refused === undefined) byMachine.set(step.machine.split('@')[0] ?? '', step)
  }
  return [...byMachine.values()].toSorted((left, right) => left.actor.length - right.actor.length)
}

function oneChart(last: Step, machines: readonly Machine[]): VNode {
  const [name = '', version = ''] = last.machine.split('@')
  const active = stateName(last.to) ?? ''
  const machine = machines.find((each) => each.name === name)
  return h(
    'figure',
    { class: 'chart', key: name, 'data-machine': name, 'data-active': active },
    h(
      'figcaption',
      null,
      h('b', null, plain(shortAddress(last.actor))),
      ` is `,
      h('strong', null, active),
      ' since ',
      time(last.at),
      h(
        'small',
        null,
        ` ${last.machine}${machine !== undefined && String(machine.version) !== version ? `, drawn as ${machine.version}` : ''}`,
      ),
    ),
    machine === undefined ? null : drawing(machine, active),
    machine === undefined ? null : ways(machine, active),
  )
}

function drawing(machine: Machine, active: string): VNode {
  const { width, height, states, lines } = layoutOf(machine)
  const marker = `arrow-${machine.name}`
  const isFrom = (state: string): boolean => state === active
  return h(
    'svg',
    {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-label': `Statechart of ${machine.name}: it is ${active}`,
    },
    h(
      'defs',
      null,
      ['', '-on'].map((kind) =>
        h(
          'marker',
          {
            key: kind,
            id: `${marker}${kind}`,
            class: `tip${kind}`,
            viewBox: '0 0 8 8',
            refX: 7,
            refY: 4,
            markerWidth: 7,
            markerHeight: 7,
            orient: 'auto-start-reverse',
          },
          h('path', { d: 'M0 0 L8 4 L0 8 z' }),
        ),
      ),
    ),
    // What leads on from here is drawn above the rest.
    lines
      .toSorted((left, right) => Number(isFrom(left.from)) - Number(isFrom(right.from)))
      .map(({ from, to, path, on }) =>
        h(
          'path',
          {
            key: `${from} ${to}`,
            class: isFrom(from) ? 'line on' : 'line',
            d: path,
            'marker-end': `url(#${marker}${isFrom(from) ? '-on' : ''})`,
          },
          h('title', null, `${from} → ${to}: ${on.join(', ')}`),
        ),
      ),
    states.map(({ name, x, y, final, initial }) =>
      h(
        'g',
        {
          key: name,
          class: `state${name === active ? ' active' : ''}${final ? ' final' : ''}${initial ? ' initial' : ''}`,
          'data-state': name,
        },
        h('rect', { x, y, width: BOX.width, height: BOX.height, rx: 9 }),
        final
          ? h('rect', {
              x: x + 3,
              y: y + 3,
              width: BOX.width - 6,
              height: BOX.height - 6,
              rx: 7,
              class: 'inner',
            })
          : null,
        h(
          'text',
          {
            x: x + BOX.width / 2,
            y: y + BOX.height / 2,
            'text-anchor': 'middle',
            'dominant-baseline': 'central',
          },
          name.replace('in_progress.', ''),
        ),
      ),
    ),
  )
}

/** The same in words: what can happen from here. */
function ways({ transitions }: Machine, active: string): VNode {
  const byTarget = new Map<string, Set<string>>()
  for (const { from, to, on, guarded } of transitions) {
    const isHere = from === active || active.startsWith(`${from}.`) || from === '*'
    if (!isHere || to === from || to === active) continue
    const names = byTarget.get(to) ?? new Set()
    names.add(guarded ? `${on} (if)` : on)
    byTarget.set(to, names)
  }
  if (byTarget.size === 0) return h('p', { class: 'ways' }, 'From here it goes nowhere else.')
  return h(
    'dl',
    { class: 'ways' },
    [...byTarget].map(([to, names]) => [
      h('dt', { key: to }, `→ ${to}`),
      h(
        'dd',
        { key: `${to} by` },
        [...names].map((name) => h('code', { key: name }, name)),
      ),
    ]),
  )
}
