// The tables of `gt status`: what waits for a person first.

import { mark, nothing, openLink, placeLink, type Shown, section, table, time } from './parts.ts'
import { h, type VNode } from './preact.js'
import type { Bead, Status } from './shapes.ts'
import {
  agentState,
  beadState,
  heading,
  plain,
  rigState,
  shortAddress,
  since,
  waitText,
} from './words-for.ts'

export function townView(shown: Shown, status: Status): VNode {
  return h(
    'div',
    { class: 'town' },
    waits(shown, status),
    problems(status),
    rigs(shown, status),
    workers(shown, status),
    h('div', { class: 'pair' }, queue(shown, status), merges(shown, status)),
    beadTable(shown, status),
    roles(shown, status),
  )
}

function waits(shown: Shown, { waitsForYou, at }: Status): VNode {
  if (waitsForYou.length === 0) return h('p', { id: 'waits', class: 'calm' }, 'Nothing waits for you.')
  return section(
    'waits',
    'Waits for you',
    String(waitsForYou.length),
    h(
      'ul',
      { class: 'cards' },
      waitsForYou.map(({ id, what, bead, since: from, next }) =>
        h(
          'li',
          { key: id },
          h(
            'div',
            null,
            bead === null ? h('b', null, plain(id)) : openLink(shown, { kind: 'bead', id: bead }),
            h('span', { class: 'ago' }, ` for ${since(from, at)}`),
          ),
          h('p', null, plain(what)),
          h('code', null, plain(next)),
        ),
      ),
    ),
  )
}

function problems({ problems: all }: Status): VNode | null {
  if (all.length === 0) return null
  return section(
    'problems',
    'Problems',
    String(all.length),
    h(
      'ul',
      { class: 'cards' },
      all.map(({ at, code, message }, n) =>
        h('li', { key: n }, time(at), ` ${plain(message)} `, h('small', null, code)),
      ),
    ),
  )
}

function rigs(shown: Shown, { rigs: all }: Status): VNode {
  if (all.length === 0)
    return section('rigs', heading('rig'), null, nothing('None yet: gt rig add <name> <url or path>'))
  return section(
    'rigs',
    heading('rig'),
    null,
    table(
      'rigs',
      ['Name', 'Lands on', 'State', 'Work', 'Queue', 'Open', 'Done'],
      all.map((rig) => ({
        key: rig.name,
        cells: [
          openLink(shown, { kind: 'rig', id: rig.name }),
          h('span', null, plain(rig.target.branch), ' ', h('code', null, rig.target.head?.slice(0, 7) ?? '')),
          h('span', { title: rig.target.reason ?? '' }, mark(rigState(rig))),
          String(rig.working),
          String(rig.queued),
          String(rig.open),
          String(rig.closed),
        ],
      })),
    ),
  )
}

const DIRECTED: ReadonlySet<string> = new Set(['polecat', 'crew'])

function workers(shown: Shown, { agents, at }: Status): VNode {
  const all = agents.filter(
    ({ role, hook, state }) => DIRECTED.has(role) && (hook !== null || state !== 'idle'),
  )
  const idle = agents.filter(({ role }) => DIRECTED.has(role)).length - all.length
  return section(
    'agents',
    heading('polecat'),
    idle === 0 ? null : `${idle} idle`,
    all.length === 0
      ? nothing('Nobody is at work.')
      : table(
          'agents',
          ['Name', 'Bead', 'State', 'For'],
          all.map((agent) => ({
            key: agent.address,
            cells: [
              openLink(shown, { kind: 'agent', id: agent.address }),
              agent.hook === null
                ? ''
                : h(
                    'span',
                    { class: 'bead' },
                    openLink(shown, { kind: 'bead', id: agent.hook }),
                    h('span', { class: 'title' }, plain(agent.title ?? '')),
                  ),
              mark(agentState(agent)),
              h('span', { title: agent.health.reason ?? '' }, since(agent.health.since, at)),
            ],
          })),
        ),
  )
}

function queue(shown: Shown, { queue: { waiting, items }, at }: Status): VNode {
  return section(
    'queue',
    'Waiting for a place',
    String(waiting),
    waiting === 0
      ? nothing('Empty.')
      : h(
          'ol',
          { class: 'lines' },
          items.map(({ bead, waitingFor }) =>
            h(
              'li',
              { key: bead },
              openLink(shown, { kind: 'bead', id: bead }),
              waitingFor === null
                ? null
                : h(
                    'span',
                    null,
                    ` waits for ${plain(waitText(waitingFor))}`,
                    h('small', null, ` ${since(waitingFor.since, at)}`),
                  ),
            ),
          ),
        ),
  )
}

function merges(shown: Shown, { mergeQueue: { items, landed } }: Status): VNode {
  return section(
    'merges',
    heading('Refinery'),
    `${landed} landed`,
    items.length === 0
      ? nothing('Empty.')
      : h(
          'ol',
          { class: 'lines' },
          items.map(({ id, bead, state }) =>
            h('li', { key: id }, openLink(shown, { kind: 'bead', id: bead }), ' ', mark(state)),
          ),
        ),
  )
}

/** Those that moved last come first; all of them can be reached, page by page or by what they are called. */
function beadTable(shown: Shown, status: Status): VNode {
  const { beads, more, place } = shown.state
  return section(
    'beads',
    heading('bead'),
    listed(shown.state),
    finder(shown),
    beads.length === 0
      ? nothing(place.find === '' ? 'None yet: gt bead create <title>' : 'None has that in its id or title.')
      : table(
          'beads',
          ['Id', 'Title', 'Stage', 'Who', 'For'],
          beads.map((bead) => ({ key: bead.id, cells: beadCells(shown, bead, status.at) })),
        ),
    more === null && place.page === null
      ? null
      : h(
          'nav',
          { class: 'pages', 'aria-label': 'Pages of beads' },
          place.page === null ? null : placeLink(shown, { page: null }, '‹ those that moved last', 'newest'),
          more === null ? null : placeLink(shown, { page: more }, 'earlier ones ›', 'earlier'),
        ),
  )
}

function listed({ beads: { length }, more, place: { find, page } }: Shown['state']): string {
  const which = find === '' ? '' : ` with “${plain(find)}”`
  if (page !== null) return `${length}${which} that moved before`
  return more === null ? `${length}${which}` : `the ${length}${which} that moved last`
}

const finder = ({ state, actions }: Shown): VNode =>
  h(
    'label',
    { class: 'find' },
    'Find ',
    h('input', {
      type: 'search',
      id: 'find',
      value: state.place.find,
      placeholder: 'id or title',
      maxLength: 200,
      onInput: ({ currentTarget }: { currentTarget: HTMLInputElement }) => actions.find(currentTarget.value),
    }),
  )

const beadCells = (shown: Shown, bead: Bead, at: string) => [
  openLink(shown, { kind: 'bead', id: bead.id }),
  h('span', { class: 'title' }, plain(bead.title)),
  h('span', { title: bead.reason ?? '' }, mark(beadState(bead))),
  bead.assignee === null ? '' : openLink(shown, { kind: 'agent', id: bead.assignee }),
  since(bead.stageSince, at),
]

/** The ones that nobody hands work to. */
function roles(shown: Shown, { agents }: Status): VNode {
  const all = agents.filter(({ role }) => !DIRECTED.has(role))
  return section(
    'roles',
    'Roles',
    null,
    h(
      'ul',
      { class: 'chips' },
      all.map((agent) =>
        h(
          'li',
          { key: agent.address },
          openLink(shown, { kind: 'agent', id: agent.address }, shortAddress(agent.address)),
          ' ',
          mark(agentState(agent)),
        ),
      ),
    ),
  )
}
