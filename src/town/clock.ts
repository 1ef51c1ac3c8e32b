// The machine's clock and its randomness, behind the ports.

import { customAlphabet } from 'nanoid'
import type { Clock, Ids } from '../ports/clock.ts'

/** Longest delay a timer of Node takes; a longer one would fire at once. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

export const machineClock: Clock = {
  now: () => Date.now(),
  after(ms, fire) {
    let handle: NodeJS.Timeout
    const wait = (left: number) => {
      handle = setTimeout(
        () => (left > TIMEOUT_MS_MAX ? wait(left - TIMEOUT_MS_MAX) : fire()),
        Math.min(left, TIMEOUT_MS_MAX),
      )
    }
    wait(ms)
    return () => clearTimeout(handle)
  },
}

const random = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz')
export const machineIds: Ids = { random: (length) => random(length) }
