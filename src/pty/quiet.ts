// When a session is worth a look: it has gone quiet after output, or has changed its title.
//
// Owns:   the timers of one session, and how often it may say so.
// Always: no timer runs while nothing is printed, and at most two calls a second are made.

/** Silence after output that counts as quiet, in ms. */
const QUIET_MS = 1000
/** Time between two changes of the title that are told, in ms: a spinner in the title changes it ten times as often. */
const TITLE_MS = 1000

export type Quiet = {
  printed(): void
  titled(): void
  /** Nothing is told after this. */
  end(): void
}

export function watchQuiet(tell: () => void): Quiet {
  let lastOutput = 0
  let silence: NodeJS.Timeout | undefined
  let lastTitle = Number.NEGATIVE_INFINITY
  let title: NodeJS.Timeout | undefined
  let over = false

  // One timer a second at most, however much is printed: it is set again for what is left, not with each output.
  const look = (): void => {
    silence = undefined
    const left = lastOutput + QUIET_MS - performance.now()
    if (left > 0) silence = setTimeout(look, left)
    else tell()
  }
  const tellTitle = (): void => {
    title = undefined
    lastTitle = performance.now()
    tell()
  }
  return {
    printed() {
      if (over) return
      lastOutput = performance.now()
      silence ??= setTimeout(look, QUIET_MS)
    },
    titled() {
      if (over) return
      title ??= setTimeout(tellTitle, Math.max(0, lastTitle + TITLE_MS - performance.now()))
    },
    end() {
      over = true
      clearTimeout(silence)
      clearTimeout(title)
    },
  }
}
