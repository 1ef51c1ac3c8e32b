// One line that says how far a long job is, written anew while it runs.

import type { Output } from './output.ts'

type Progress = {
  readonly doing: 'folding' | 'looking'
  readonly done: number
  readonly of: number
  readonly perSecond: number
  readonly leftMs: number
}

const BAR = 20

/** What hears of the progress, and what wipes the line off; nothing is drawn where no person looks. */
export function progressBar(out: Output): { onProgress?: (progress: object) => void; done(): void } {
  if (!out.colour || out.json || out.quiet) return { done: () => {} }
  return {
    onProgress: (progress) => out.passing(drawn(progress as Progress)),
    done: () => out.passing(null),
  }
}

export function drawn({ doing, done, of, perSecond, leftMs }: Progress): string {
  const full = of === 0 ? BAR : Math.min(BAR, Math.floor((done / of) * BAR))
  const bar = `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}]`
  if (doing === 'looking') return `${bar} ${done} of ${of} looked at, ${left(leftMs)} left`
  return `${bar} ${done} of ${of} records, ${perSecond}/s, ${left(leftMs)} left`
}

const left = (ms: number): string => {
  const seconds = Math.ceil(ms / 1_000)
  return seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`
}
