// What the page shows of a town, drawn without a browser.

import { join } from 'node:path'
import { expect, test } from 'vitest'

type Drawn = string | number | null | undefined | readonly Drawn[] | { readonly props: Props }
type Props = { readonly children?: Drawn; readonly class?: string; readonly title?: string }
type Node = { readonly props: Props }

// As built: only there does the page have its Preact.
const { townView } = (await import(join(import.meta.dirname, '../../dist/src/web/town-view.js'))) as {
  townView(shown: object, status: object): Node
}

function* nodesIn(drawn: Drawn): Generator<Node> {
  if (Array.isArray(drawn)) for (const each of drawn as readonly Drawn[]) yield* nodesIn(each)
  else if (typeof drawn === 'object' && drawn !== null && 'props' in drawn) {
    yield drawn
    yield* nodesIn(drawn.props.children)
  }
}
const textOf = (drawn: Drawn): string =>
  Array.isArray(drawn)
    ? (drawn as readonly Drawn[]).map(textOf).join('')
    : typeof drawn === 'object' && drawn !== null && 'props' in drawn
      ? textOf(drawn.props.children)
      : String(drawn ?? '')

const rig = (name: string, state: string, reason: string) => ({
  name,
  state: 'active',
  parked: false,
  target: { branch: 'main', head: 'a'.repeat(40), state, reason },
  working: 0,
  queued: 0,
  open: 0,
  closed: 0,
})

test('a frozen target and a red one are marked in the table of rigs, and say why', () => {
  const frozen = 'frozen by overseer: release day'
  const red = 'test fails on it since bbbbbbb; the last one that passed is ccccccc'
  const shown = {
    state: { place: { open: null, tab: 'history', at: null, find: '', page: null }, beads: [], more: null },
    actions: {},
  }
  const status = {
    town: { name: 'farm', dir: '/farm' },
    at: '2027-01-01T00:00:00.000Z',
    seq: 9,
    daemon: null,
    stopped: null,
    rigs: [rig('shop', 'frozen', frozen), rig('till', 'red', red), rig('door', 'green', '')],
    agents: [],
    queue: { waiting: 0, running: 0, items: [] },
    mergeQueue: { items: [], landed: 0 },
    waitsForYou: [],
    problems: [],
  }
  const nodes = [...nodesIn(townView(shown, status))]
  const marks = nodes.flatMap(({ props }) =>
    props.class?.startsWith('mark ') === true ? [`${props.class}: ${textOf(props.children)}`] : [],
  )
  expect(marks).toEqual(expect.arrayContaining(['mark warn: frozen', 'mark bad: red', 'mark good: green']))
  const titles = nodes.map(({ props }) => props.title)
  expect(titles).toEqual(expect.arrayContaining([frozen, red]))
})
