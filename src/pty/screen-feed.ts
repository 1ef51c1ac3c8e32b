// Hands output to the terminal emulator: at once while there is little, and what matters of it in a flood.
//
// Owns:   what the emulator was not given yet.
// Always: the emulator gets output in its order, and everything that changes what it will show. `settle` gives it all.
//         A timer runs only when more was printed than is given at once.

import type { Terminal } from '@xterm/headless'
import { isLines, withoutScrolledOut } from './skip.ts'

/** Characters given at once in each window, and its length in ms. */
const DIRECT_MAX = 16 * 1024
const WINDOW_MS = 1000
/** Characters kept back before they are looked through for what scrolls out again. */
const KEPT_MAX = 512 * 1024
/** Given in pieces: the emulator keeps a buffer as large as the largest piece it ever got. */
const PIECE = 4096

export type ScreenFeed = {
  write(data: string): void
  /** Calls back when the emulator has taken in all that was written so far. */
  settle(done: () => void): void
  /** Characters that the emulator has not taken in. */
  readonly waiting: number
  end(): void
}

/** `onTaken` is called when less waits than before. */
export function feedScreen(terminal: Terminal, historyLines: number, onTaken: () => void): ScreenFeed {
  let kept: string[] = []
  let keptLength = 0
  let given = 0
  let direct = 0
  let windowFrom = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let goesOn = false

  const give = (data: string): void => {
    for (let from = 0; from < data.length; from += PIECE) {
      const piece = data.slice(from, from + PIECE)
      given += piece.length
      terminal.write(piece, () => {
        given -= piece.length
        onTaken()
      })
    }
  }
  const shorten = (): void => {
    const text = withoutScrolledOut(kept.join(''), historyLines + terminal.rows)
    kept = [text]
    keptLength = text.length
  }
  /** A flood of mere lines is shown when it is over, or when somebody looks. */
  const windowEnds = (): void => {
    timer = undefined
    if (keptLength === 0) return
    shorten()
    if (!goesOn || !isLines(kept[0] ?? '')) return giveKept()
    goesOn = false
    timer = setTimeout(windowEnds, WINDOW_MS)
  }
  const giveKept = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (keptLength === 0) return
    shorten()
    const [text = ''] = kept
    kept = []
    keptLength = 0
    give(text)
  }

  return {
    get waiting() {
      return keptLength + given
    },
    write(data) {
      const now = performance.now()
      if (now - windowFrom > WINDOW_MS) {
        windowFrom = now
        direct = 0
      }
      direct += data.length
      if (keptLength === 0 && direct <= DIRECT_MAX) {
        // Typing, as it were: what follows that is taken in now, and not in the emulator's next turn.
        terminal.input('', true)
        give(data)
        return
      }
      kept.push(data)
      keptLength += data.length
      goesOn = true
      if (keptLength > KEPT_MAX) {
        shorten()
        // Nothing to be left out: it is all shown, and the program waits for that.
        if (keptLength > KEPT_MAX / 2) giveKept()
        onTaken()
      }
      if (keptLength > 0) timer ??= setTimeout(windowEnds, WINDOW_MS)
    },
    settle(done) {
      giveKept()
      // The emulator would wait for its next turn to say so.
      if (given === 0) done()
      else terminal.write('', done)
    },
    end() {
      clearTimeout(timer)
    },
  }
}
