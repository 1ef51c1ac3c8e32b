// The bar that moves the whole page through time.

import type { Shown } from './parts.ts'
import { h, type VNode } from './preact.js'
import { moment, since } from './words-for.ts'

export function timeView({ state, actions }: Shown): VNode {
  const { place, head, status } = state
  const at = place.at ?? head
  const isPast = place.at !== null
  const known = status !== null && status.seq === at
  const label = known ? moment(status.at) : '…'
  const step = (by: number): void => {
    if (isPast || by < 0) actions.drag(Math.max(1, at + by))
  }
  return h(
    'div',
    { class: isPast ? 'time past' : 'time', role: 'group', 'aria-label': 'Moment' },
    h('button', { type: 'button', id: 'back', title: 'one record back', onClick: () => step(-1) }, '‹'),
    h('input', {
      type: 'range',
      id: 'at',
      min: 1,
      max: Math.max(1, head),
      step: 1,
      value: at,
      'aria-label': 'Record',
      'aria-valuetext': `record ${at} of ${head}, ${label}`,
      onInput: ({ currentTarget }: { currentTarget: HTMLInputElement }) =>
        actions.drag(Number(currentTarget.value)),
    }),
    h(
      'button',
      { type: 'button', id: 'forth', title: 'one record on', disabled: !isPast, onClick: () => step(1) },
      '›',
    ),
    h(
      'output',
      { id: 'moment', for: 'at' },
      h('b', null, label),
      h('small', null, `record ${at} of ${Math.max(head, at)}`),
    ),
    h(
      'button',
      {
        type: 'button',
        id: 'now',
        disabled: !isPast,
        'aria-pressed': isPast ? 'false' : 'true',
        onClick: actions.now,
      },
      isPast ? 'Back to now' : 'Now',
    ),
  )
}

/** Said loudly: nobody should take what was for what is. */
export function pastBanner({ state, actions }: Shown): VNode | null {
  const { place, status } = state
  if (place.at === null) return null
  const when =
    status === null || status.seq !== place.at
      ? `record ${place.at}`
      : `${moment(status.at)}, ${since(status.at, new Date().toISOString())} ago`
  return h(
    'p',
    { id: 'past', role: 'status' },
    h('b', null, 'THIS IS THE PAST'),
    ` The town as it was at ${when}. `,
    h('button', { type: 'button', class: 'return', onClick: actions.now }, 'Back to now'),
  )
}
