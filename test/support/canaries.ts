// Secrets that are none: 200 made-up ones, of every shape that is known and of the values of variables.

import { SECRET_SHAPES } from '../../src/events/secrets.ts'

const ALPHABET = 'Ab0Cd1Ef2Gh3Ij4Kl5Mn6Op7Qr8St9UvWxYz'

/** Looks drawn by lot and is the same each time. */
function drawn(seed: number, length: number, allowed: RegExp): string {
  const letters = [...`${ALPHABET}${ALPHABET.toLowerCase()}${ALPHABET.toUpperCase()}-_.`].filter((one) =>
    allowed.test(one),
  )
  let state = seed * 2_654_435_761
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return letters[(state >>> 8) % letters.length]
  }).join('')
}

const VALUES = 40

export function valueCanaries(): string[] {
  return Array.from({ length: VALUES }, (_, n) => `Q${drawn(n + 1000, 8 + ((n * 7) % 70), /[A-Za-z0-9_.-]/)}`)
}

export function shapedCanaries(): { begin: string; canary: string }[] {
  const begins = SECRET_SHAPES.flatMap((shape) => shape.begins.map((begin) => ({ begin, shape })))
  return Array.from({ length: 200 - VALUES }, (_, n) => {
    const { begin, shape } = begins[n % begins.length] as (typeof begins)[number]
    if (shape.until !== undefined) {
      const lines = [1, 2, 3].map((line) => drawn(n * 10 + line, 64, /[A-Za-z0-9]/))
      return { begin, canary: `${begin}\n${lines.join('\n')}\n-----END` }
    }
    // A dot last would belong to the sentence.
    return {
      begin,
      canary: `${begin}${drawn(n + 1, shape.least + 9, shape.body)}${shape.body.test('z') ? 'z' : '9'}`,
    }
  })
}

export const CANARIES: readonly string[] = [
  ...valueCanaries(),
  ...shapedCanaries().map(({ canary }) => canary),
]
