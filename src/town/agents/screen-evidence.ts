// What a screen says of where an agent stands, in the words of what is heard. Pure.
//
// Always:    of a runtime with hooks a screen says only what no hook can; of one without it says all there is.

import type { Heard, Standing } from '../../events/hearing.ts'
import type { ScreenReading } from '../../ports/presets.ts'

const via = 'screen'

export function heardOnScreen(
  { kind, name, message, until }: ScreenReading,
  { state }: Standing,
  hasHooks: boolean,
): Heard | null {
  switch (kind) {
    case 'ready':
      if (state === 'starting') {
        return { kind: 'ready', via, runtimeSession: null, transcript: null, model: null, source: 'startup' }
      }
      return hasHooks ? { kind: 'looksIdle', via } : { kind: 'turnEnded', via, background: 0 }
    case 'busy':
      return hasHooks ? { kind: 'looksBusy', via } : { kind: 'turnStarted', via, nudge: null }
    case 'dialog':
      return { kind: 'asks', via, what: dialogOf(name), tool: '', message: message || (name ?? '') }
    case 'limited':
      return { kind: 'limited', via, until, message }
    case 'compacting':
      return { kind: 'compacting', via, trigger: 'auto' }
    case 'stuck':
      return { kind: 'stuck', via, name: name ?? 'unknown', message }
    case 'starting':
    case 'unknown':
      return null
  }
}

function dialogOf(name: string | null): Extract<Heard, { kind: 'asks' }>['what'] {
  return name === 'permission' || name === 'question' || name === 'plan' ? name : 'other'
}
