// Small things that stand in several places: links to what can be opened, states as marks, times.

import type { Actions, State } from './controller.ts'
import { type Open, type Place, searchOf } from './place.ts'
import { type ComponentChildren, h, type VNode } from './preact.js'
import { clock, moment, plain, shortAddress, type Tone, toneOf } from './words-for.ts'

export type Shown = { readonly state: State; readonly actions: Actions }

/** A link to another place of the page; with Ctrl it opens as links do. */
export function placeLink(
  { state, actions }: Shown,
  to: Partial<Place>,
  children: ComponentChildren,
  name = '',
): VNode {
  const onClick = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    actions.go(to)
  }
  return h('a', { href: searchOf({ ...state.place, ...to }), class: name, onClick }, children)
}

export const openLink = (shown: Shown, open: Open, children?: ComponentChildren): VNode =>
  placeLink(shown, { open, tab: 'history' }, children ?? nameOf(open), `open-${open.kind}`)

const nameOf = ({ kind, id }: Open): string => plain(kind === 'agent' ? shortAddress(id) : id)

/** Whoever caused something: an agent to be opened, or a word. */
export const actorLink = (shown: Shown, address: string): ComponentChildren =>
  address === 'overseer'
    ? 'you'
    : isAgent(address)
      ? openLink(shown, { kind: 'agent', id: agentOf(address) }, shortAddress(agentOf(address)))
      : address.startsWith('beads/')
        ? openLink(shown, { kind: 'bead', id: address.slice('beads/'.length) })
        : address.includes('/merge-requests/')
          ? openLink(shown, { kind: 'mr', id: address })
          : plain(address)

const ROLES = /^(?:mayor|deacon|[^/]+\/(?:witness|refinery)|[^/]+\/(?:polecats|crew)\/[^/]+)(?=\/|$)/

const isAgent = (address: string): boolean => ROLES.test(address)
const agentOf = (address: string): string => ROLES.exec(address)?.[0] ?? address

export const mark = (state: string, tone: Tone = toneOf(state)): VNode =>
  h('span', { class: `mark ${tone}` }, plain(state))

export const time = (iso: string, children: ComponentChildren = clock(iso)): VNode =>
  h('time', { dateTime: iso, title: moment(iso) }, children)

/** A table whose head stays readable to a screen reader on a phone, where each row becomes a card. */
export function table(
  name: string,
  heads: readonly string[],
  rows: readonly {
    readonly key: string
    readonly cells: readonly ComponentChildren[]
    readonly class?: string
  }[],
): VNode {
  return h(
    'table',
    { class: name, 'aria-labelledby': `${name}-title` },
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        heads.map((head) => h('th', { scope: 'col', key: head }, head)),
      ),
    ),
    h(
      'tbody',
      null,
      rows.map(({ key, cells, class: own }) =>
        h(
          'tr',
          { key, class: own },
          cells.map((cell, n) => h('td', { key: n, 'data-head': heads[n] }, cell)),
        ),
      ),
    ),
  )
}

export const section = (
  id: string,
  title: string,
  note: ComponentChildren,
  ...children: ComponentChildren[]
): VNode =>
  h(
    'section',
    { id, 'aria-labelledby': `${id}-title` },
    h('h2', { id: `${id}-title` }, title, note === null ? null : h('small', null, note)),
    ...children,
  )

export const nothing = (text: string): VNode => h('p', { class: 'nothing' }, text)
