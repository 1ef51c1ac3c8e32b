// One bead, agent or rig: what happened to it, where it stands, and why.

import { chartView } from './chart-view.ts'
import type { Item } from './controller.ts'
import { actorLink, mark, nothing, openLink, placeLink, type Shown, time } from './parts.ts'
import type { Tab } from './place.ts'
import { type ComponentChildren, h, type VNode } from './preact.js'
import { type Step, stateName, type WhyNode } from './shapes.ts'
import { agentState, beadState, plain, shortAddress, waitText } from './words-for.ts'

export function itemView(shown: Shown): VNode | null {
  const { place, item } = shown.state
  if (place.open === null) return null
  const { kind, id } = place.open
  return h(
    'article',
    { id: 'item', 'aria-labelledby': 'item-title' },
    h('nav', null, placeLink(shown, { open: null }, '‹ The town', 'up')),
    h(
      'header',
      null,
      h('small', null, KINDS[kind]),
      h(
        'h2',
        { id: 'item-title', tabIndex: -1 },
        plain(kind === 'agent' ? shortAddress(id) : id),
        title(item),
      ),
      h('div', { class: 'facts' }, facts(shown, item)),
    ),
    item?.refused == null
      ? null
      : h(
          'p',
          { class: 'refusal' },
          plain(item.refused.message),
          ' ',
          h('small', null, plain(item.refused.remedy)),
        ),
    h(
      'div',
      { role: 'tablist', class: 'tabs', 'aria-label': 'What to see of it' },
      TABS.map(([tab, name]) => tabOf(shown, tab, name)),
    ),
    h('div', { role: 'tabpanel', id: 'panel', 'aria-labelledby': `tab-${place.tab}` }, panel(shown, item)),
  )
}

const KINDS = { bead: 'bead', agent: 'agent', rig: 'rig', mr: 'merge request' } as const

const TABS: readonly (readonly [Tab, string])[] = [
  ['history', 'History'],
  ['chart', 'Chart'],
  ['why', 'Why'],
]

function tabOf({ state, actions }: Shown, tab: Tab, name: string): VNode {
  const isOn = state.place.tab === tab
  const beside = (by: number): void => {
    const index = (TABS.findIndex(([each]) => each === state.place.tab) + by + TABS.length) % TABS.length
    const [next] = TABS[index] as (typeof TABS)[number]
    actions.go({ tab: next })
    document.getElementById(`tab-${next}`)?.focus()
  }
  return h(
    'button',
    {
      key: tab,
      type: 'button',
      role: 'tab',
      id: `tab-${tab}`,
      'aria-selected': isOn ? 'true' : 'false',
      'aria-controls': 'panel',
      tabIndex: isOn ? 0 : -1,
      onClick: () => actions.go({ tab }),
      onKeyDown: ({ key }: KeyboardEvent) => {
        if (key === 'ArrowRight') beside(1)
        if (key === 'ArrowLeft') beside(-1)
      },
    },
    name,
  )
}

const title = (item: Item | null): ComponentChildren =>
  item?.bead == null ? null : h('span', { class: 'title' }, ` ${plain(item.bead.title)}`)

function facts(shown: Shown, item: Item | null): ComponentChildren {
  if (item?.bead != null) {
    const { assignee, rig, commit, waitingFor, reason } = item.bead
    return [
      mark(beadState(item.bead)),
      openLink(shown, { kind: 'rig', id: rig }),
      assignee === null ? null : openLink(shown, { kind: 'agent', id: assignee }),
      commit === null ? null : h('code', null, commit.slice(0, 10)),
      waitingFor === null ? null : h('span', null, `waits for ${plain(waitText(waitingFor))}`),
      reason === null ? null : h('span', null, plain(reason)),
    ]
  }
  if (item?.agent != null) {
    const { hook, runtime, health } = item.agent
    return [
      mark(agentState(item.agent)),
      hook === null ? null : openLink(shown, { kind: 'bead', id: hook }),
      runtime === null ? null : h('span', null, plain(runtime)),
      health.reason === null ? null : h('span', null, plain(health.reason)),
    ]
  }
  return null
}

function panel(shown: Shown, item: Item | null): ComponentChildren {
  if (item === null) return nothing('…')
  switch (shown.state.place.tab) {
    case 'chart':
      return chartView(item.history, shown.state.machines)
    case 'why':
      return whyView(shown, item)
    case 'history':
      return historyView(shown, item)
  }
}

function historyView(shown: Shown, { history }: Item): VNode {
  if (history === null) return nothing('…')
  const newest = history.items.toReversed()
  if (newest.length === 0) return nothing('Nothing has happened to it yet.')
  return h(
    'ol',
    { class: 'history' },
    newest.map((step) => stepLine(shown, step)),
    history.earlier === undefined || history.earlier === 0
      ? null
      : h('li', { class: 'more' }, `… and ${history.earlier} before: gt history ${history.id}`),
  )
}

function stepLine(
  shown: Shown,
  { seq, at, actor, by, message, from, to, summary, reason, refused }: Step,
): VNode {
  const [before, after] = [stateName(from), stateName(to)]
  return h(
    'li',
    { key: seq, class: refused === undefined ? '' : 'problem' },
    placeLink(shown, { at: seq }, time(at), 'moment'),
    h(
      'div',
      null,
      h(
        'div',
        { class: 'step' },
        before === after
          ? mark(after ?? '')
          : [
              before === null ? null : mark(before, 'quiet'),
              before === null ? null : ' → ',
              mark(after ?? ''),
            ],
        ' ',
        h('code', null, plain(message.type)),
        ' by ',
        actorLink(shown, by),
        h('small', null, ` ${plain(shortAddress(actor))} · ${seq}`),
      ),
      summary == null ? null : h('p', null, plain(summary)),
      reason == null || reason === summary ? null : h('p', { class: 'reason' }, plain(reason)),
    ),
  )
}

function whyView(shown: Shown, { why, agent, open }: Item): VNode {
  if (why === null) {
    if (open.kind === 'agent' && agent !== null)
      return nothing('It has no bead, so there is nothing that it does something for.')
    return nothing(open.kind === 'bead' ? '…' : 'Why is asked of a bead, or of an agent that has one.')
  }
  return h(
    'div',
    { class: 'why' },
    why.sentence === null ? null : h('p', { class: 'sentence' }, plain(why.sentence)),
    h(
      'ul',
      { class: 'tree' },
      why.tree.map((node) => branch(shown, node)),
    ),
  )
}

function branch(shown: Shown, node: WhyNode): VNode {
  const { seq, at, actor, by, message, summary, refused, children } = node
  return h(
    'li',
    { key: seq, class: refused === null ? '' : 'problem' },
    h(
      'div',
      { class: 'step' },
      placeLink(shown, { at: seq }, time(at), 'moment'),
      ' ',
      actorLink(shown, actor),
      ': ',
      h('code', null, plain(message)),
      ' by ',
      actorLink(shown, by),
      refused === null ? null : ` refused: ${plain(refused)}`,
      summary === null ? null : h('p', null, plain(summary)),
    ),
    children.length === 0
      ? null
      : h(
          'ul',
          null,
          children.map((child) => branch(shown, child)),
        ),
  )
}
