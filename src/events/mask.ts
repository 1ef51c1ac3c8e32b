// Blots secrets out of text: of a whole one, and of one that comes in pieces cut anywhere.
//
// Owns:      how far a secret goes once it has begun, and the few bytes that are held back because they may be the
//            beginning of one. secrets.ts says what a secret is, secret-automaton.ts finds where one begins.
// Always:    - each byte of a secret becomes one `*`, so that a screen keeps its columns.
//            - terminal sequences between the characters of a secret do not hide it, and stay where they are.
//            - what does not look like the beginning of a secret is given back at once.
//            - at most HELD_MAX bytes are held. `quiet()` gives them back, but no more than the first 3 of a value, and
//              of a shape's body the first 12 at most, and only if they look like a word.

import { type Literal, type SecretAutomaton, secretAutomaton } from './secret-automaton.ts'

export interface MaskStream {
  /** What may be shown of all that was given, as far as that is known. */
  push(bytes: Uint8Array): Uint8Array
  /** Nothing came for a moment: gives back what was held, blotted out where it is too much of a secret. */
  quiet(): Uint8Array
  /** The text is over: gives back the rest. */
  end(): Uint8Array
  /** Whether something is held. */
  readonly holds: boolean
}

export interface Masker {
  /** Masks a whole text. */
  text(text: string): string
  /** Masks a text that comes in pieces of UTF-8. */
  stream(): MaskStream
}

/** `values` are secrets besides the known shapes. */
export function masker(values: readonly string[] = []): Masker {
  const automaton = secretAutomaton(values)
  return {
    stream: () => maskStream(automaton),
    text(text) {
      const bytes = encoder.encode(text)
      const stream = maskStream(automaton)
      const masked = joined([stream.push(bytes), stream.end()])
      return masked.every((byte, at) => byte === bytes[at]) ? text : decoder.decode(masked)
    },
  }
}

/** A copy of plain data with the secrets in its strings blotted out. */
export function maskData<T>(data: T, { text }: Masker): T {
  const copy = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value)
    if (Array.isArray(value)) return value.map(copy)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [text(name), copy(one)]))
  }
  return copy(data) as T
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Bytes of a body that are held until it is known whether it is a secret. */
const HELD_MAX = 256
/** This much of a value may be seen when it comes slowly, and this much of a body that could be a word. */
const VALUE_SHOWN = 3
const WORD_SHOWN = 12
/** Bytes that a private key may have before it is taken for something else. */
const BLOCK_MAX = 16_384
/** Bytes that are kept although they were given back: more than any literal has, and what stands before it. */
const CONTEXT = 64
/** The same with the sequences among them. */
const CONTEXT_RAW = 4096

/** A secret whose beginning was seen. */
type Body = Literal & {
  /** Where the bytes stand that wait for a decision. */
  held: number[]
  count: number
  text: string
  isSecret: boolean
}

/** A terminal sequence, from its ESC to behind its end. */
type Span = { from: number; to: number; moves: boolean }

function maskStream({ classes, table, limit, found, hold }: SecretAutomaton): MaskStream {
  let state = 0
  let sequence = TEXT
  /** Some bytes that were given back, then those that were not. All positions are of this array. */
  let raw = new Uint8Array(0)
  let given = 0
  let spans: Span[] = []
  let bodies: Body[] = []

  const mark = (at: number): void => {
    if (at >= given) raw[at] = STAR
  }

  /** Where the last `count` bytes before `end` stand that are in no sequence. Fewer, when fewer are known. */
  const last = (count: number, end: number): number[] => {
    const places: number[] = []
    let span = spans.length - 1
    for (let at = end - 1; at >= 0 && places.length < count; at--) {
      while (span >= 0 && (spans[span] as Span).from > at) span--
      const inside = span >= 0 && at < (spans[span] as Span).to ? (spans[span] as Span) : null
      if (inside === null) places.push(at)
      else at = inside.from
    }
    return places
  }

  /** A literal that ends before `end`. */
  const begin = (literal: Literal, end: number): void => {
    const { shape } = literal
    if (shape === null) for (const at of last(literal.length, end)) mark(at)
    else if (shape.weak && !standsFree(literal.length, end)) return
    if (shape === null && literal.rest.length === 0) return
    bodies.push({ ...literal, held: [], count: 0, text: '', isSecret: shape === null || shape.least === 0 })
  }

  /** Whether no word runs into the literal. A `\n` as JSON writes it is no word. */
  const standsFree = (length: number, end: number): boolean => {
    const places = last(length + 2, end)
    const start = places[length - 1]
    const before = places[length]
    if (start === undefined || before === undefined) return true
    if (spans.some(({ from, to, moves }) => moves && from > before && to <= start)) return true
    const [word, escaping] = [raw[before], raw[places[length + 1] ?? -1]]
    return (
      !isWord(word as number) ||
      (escaping === BACKSLASH && 'nrt'.includes(String.fromCharCode(word as number)))
    )
  }

  /** Whether `body` goes on with the byte at this place. */
  const goesOn = (body: Body, at: number): boolean => {
    const byte = raw[at] as number
    body.count++
    if (body.shape === null) {
      if (body.rest[body.count - 1] !== byte) return false
      mark(at)
      return body.count < body.rest.length
    }
    if (body.body[byte] !== 1) return false
    const { least, weak, until } = body.shape
    const character = String.fromCharCode(byte)
    if (until !== undefined) {
      body.text = (body.text + character).slice(-until.length)
      if (!/[\s-]/.test(character)) mark(at)
      return body.text !== until && body.count < BLOCK_MAX
    }
    if (body.isSecret) {
      mark(at)
      return true
    }
    body.held.push(at)
    body.text += character
    if (body.count >= least && (weak !== true || looksDrawn(body.text))) admit(body)
    return body.isSecret || body.count < HELD_MAX
  }
  const admit = (body: Body): void => {
    for (const at of body.held) mark(at)
    body.held = []
    body.isSecret = true
  }

  const scan = (from: number): void => {
    for (let at = from; at < raw.length; at++) {
      if (sequence === TEXT && bodies.length === 0) {
        // Nearly all bytes are dealt with here.
        let now = state
        for (; at < raw.length; at++) {
          const next = table[now + (classes[raw[at] as number] as number)] as number
          if (next >= limit) break
          now = next
        }
        state = now
        if (at === raw.length) return
      }
      const byte = raw[at] as number
      if (sequence !== TEXT || byte === ESC) {
        takeSequence(byte, at)
        continue
      }
      state = table[state + (classes[byte] as number)] as number
      if (bodies.length > 0) bodies = bodies.filter((body) => goesOn(body, at))
      if (state >= limit) for (const literal of found.get(state) ?? []) begin(literal, at + 1)
    }
  }

  const takeSequence = (byte: number, at: number): void => {
    if (sequence === TEXT) spans.push({ from: at, to: at + 1, moves: false })
    const span = spans.at(-1) as Span
    span.to = at + 1
    sequence = afterSequence(sequence, byte)
    if (sequence === TEXT) span.moves = byte !== COLOUR
  }

  /** Gives back what stands before `until`. */
  const give = (until: number): Uint8Array => {
    const from = given
    given = Math.max(given, until)
    return raw.subarray(from, given)
  }

  /** The first place that may not be given back yet. */
  const safe = (): number => {
    const held = last(hold.get(state) ?? 0, raw.length).at(-1) ?? raw.length
    return bodies.reduce((until, body) => Math.min(until, body.held[0] ?? until), held)
  }

  /** Forgets what has been given back, but for what may stand before a literal. */
  const forget = (): void => {
    const gone = Math.max(0, given - CONTEXT_RAW, last(CONTEXT, given).at(-1) ?? 0)
    if (gone === 0) return
    raw = raw.subarray(gone)
    given -= gone
    spans = spans
      .filter(({ to }) => to > gone)
      .map(({ from, to, moves }) => ({ from: Math.max(0, from - gone), to: to - gone, moves }))
    for (const body of bodies) body.held = body.held.map((at) => at - gone)
  }

  return {
    get holds() {
      return given < raw.length
    },
    push(bytes) {
      forget()
      const from = raw.length
      raw = joined([raw, bytes])
      scan(from)
      return give(safe())
    },
    quiet() {
      const held = last(hold.get(state) ?? 0, raw.length)
      if (held.length > VALUE_SHOWN) for (const at of held) mark(at)
      for (const body of bodies) {
        if (body.held.length === 0) continue
        if (body.count > WORD_SHOWN || looksDrawn(body.text) || /[A-Z]{4}/.test(body.text)) admit(body)
        else body.held = []
      }
      return give(raw.length)
    },
    end: () => give(raw.length),
  }
}

const STAR = 0x2a
const ESC = 0x1b
const BACKSLASH = 0x5c
const COLOUR = 0x6d
/** Where a sequence stands: in none, after its ESC, among its parameters. */
const TEXT = 0
const BEGUN = 1
const CONTROL = 2

/** What an OSC or the like carries is text again: a title shows a secret too. */
function afterSequence(before: number, byte: number): number {
  if (byte === ESC) return BEGUN
  if (before === CONTROL) return byte < 0x40 ? CONTROL : TEXT
  if (byte === 0x5b) return CONTROL
  return byte < 0x30 ? BEGUN : TEXT
}

const isWord = (byte: number): boolean => /[A-Za-z0-9_]/.test(String.fromCharCode(byte))

/** Words have no digits, and capitals only in front. */
const looksDrawn = (text: string): boolean => /\d/.test(text) || (/.[A-Z]/.test(text) && /[a-z]/.test(text))

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
