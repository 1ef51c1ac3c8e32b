// The page: the town as it is, and as it was at any moment. It looks, and changes nothing.

import { type Actions, createController, type State } from './controller.ts'
import { feedView } from './feed-view.ts'
import { itemView } from './item-view.ts'
import { nothing, type Shown } from './parts.ts'
import { h, render, type VNode } from './preact.js'
import { pastBanner, timeView } from './time-view.ts'
import { townView } from './town-view.ts'
import { plain, since } from './words-for.ts'

createController((state, actions) => {
  document.title = titleOf(state)
  document.documentElement.classList.toggle('in-the-past', state.place.at !== null)
  render(page({ state, actions }), document.body)
  followFocus(state)
})

/** What was open last; undefined before the first picture. */
let opened: string | undefined

/** Whoever opens something by the keyboard goes on there: the link that they pressed is gone. */
function followFocus({ place: { open } }: State): void {
  const now = open === null ? '' : `${open.kind} ${open.id}`
  if (opened !== undefined && opened !== now)
    document.getElementById(now === '' ? 'town' : 'item-title')?.focus({ preventScroll: true })
  opened = now
}

function titleOf({ status, place }: State): string {
  const waits = status?.waitsForYou.length ?? 0
  const name = status === null ? 'gt' : plain(status.town.name)
  return `${place.at === null ? '' : `#${place.at} `}${waits > 0 ? `(${waits}) ` : ''}${name}`
}

function page(shown: Shown): VNode {
  const { state, actions } = shown
  const { status, refused, place } = state
  if (refused !== null && status === null) return shut(refused.message, refused.remedy)
  return h(
    'div',
    { class: 'page' },
    h(
      'header',
      { class: 'top' },
      h('h1', null, home(actions, status?.town.name ?? 'gt')),
      daemon(state),
      timeView(shown),
    ),
    pastBanner(shown),
    refused === null
      ? null
      : h('p', { class: 'refusal', role: 'alert' }, plain(refused.message), ' ', plain(refused.remedy)),
    status?.stopped == null
      ? null
      : h(
          'p',
          { class: 'refusal', role: 'alert' },
          `EVERYBODY IS STOPPED for ${since(status.stopped.since, status.at)}. ${plain(status.stopped.reason)}`,
        ),
    status?.paused == null
      ? null
      : h(
          'p',
          { class: 'refusal', role: 'alert' },
          `NO WORK IS HANDED OUT for ${since(status.paused.since, status.at)}: ${status.paused.deaths} agents died at once.`,
        ),
    h(
      'div',
      { class: 'body' },
      h(
        'main',
        { id: 'town', tabIndex: -1 },
        place.open !== null ? itemView(shown) : status === null ? nothing('…') : townView(shown, status),
      ),
      feedView(shown),
    ),
  )
}

const home = (actions: Actions, name: string): VNode =>
  h(
    'a',
    {
      href: '/',
      class: 'home',
      onClick: (event: MouseEvent) => {
        event.preventDefault()
        actions.go({ open: null })
      },
    },
    plain(name),
  )

function daemon({ status, place }: State): VNode {
  if (place.at !== null) return h('span', { class: 'daemon' }, 'as it was')
  if (status?.daemon == null) return h('span', { class: 'daemon' }, '')
  const { daemon: up, agents, at } = status
  const atWork = agents.filter(({ hook }) => hook !== null).length
  return h('span', { class: 'daemon' }, `up ${since(up.startedAt, at)} · ${atWork} at work`)
}

const shut = (message: string, remedy: string): VNode =>
  h(
    'main',
    { class: 'refused' },
    h('h1', null, plain(message)),
    h('p', null, plain(remedy)),
    h('p', null, 'A link for this browser: ', h('code', null, 'gt dashboard --open')),
  )
