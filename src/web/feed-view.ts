// What happens, one sentence each, newest first. A sentence leads to its moment.

import { openLink, placeLink, type Shown, time } from './parts.ts'
import { h, type VNode } from './preact.js'
import type { FeedItem } from './shapes.ts'
import { moment, plain } from './words-for.ts'

export function feedView(shown: Shown): VNode {
  const { feed, stream, place, status } = shown.state
  const newest = feed.toReversed()
  return h(
    'aside',
    { id: 'feed', 'aria-labelledby': 'feed-title' },
    h(
      'h2',
      { id: 'feed-title' },
      'What happens',
      h('small', { class: `stream ${stream}`, role: 'status' }, STREAMS[stream]),
    ),
    place.at === null || status === null
      ? null
      : h('p', { class: 'stops' }, `The feed stops at record ${place.at}, ${moment(status.at)}.`),
    h(
      'ol',
      { class: 'told', 'aria-live': place.at === null ? 'polite' : 'off', 'aria-relevant': 'additions' },
      newest.map((item, n) => line(shown, item, n)),
    ),
  )
}

const STREAMS = { live: 'live', connecting: 'connecting…', past: 'stopped' } as const

const line = (shown: Shown, { seq, at, bead, summary, problem, type }: FeedItem, n: number): VNode =>
  h(
    'li',
    { key: `${seq} ${type} ${summary}`, class: problem === true ? 'problem' : '', 'data-n': n },
    placeLink(shown, { at: seq }, time(at), 'moment'),
    h('span', null, ...told(shown, plain(summary), bead)),
  )

/** The bead's id in the sentence, as a link. */
function told(shown: Shown, text: string, bead: string | undefined) {
  const at = bead === undefined ? -1 : text.indexOf(bead)
  if (bead === undefined || at === -1) return [text]
  return [text.slice(0, at), openLink(shown, { kind: 'bead', id: bead }), text.slice(at + bead.length)]
}
