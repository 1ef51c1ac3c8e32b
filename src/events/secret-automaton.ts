// Finds where secrets begin, in one pass over the bytes of a text (Aho and Corasick).
//
// Owns:      the literals: beginnings of shapes, values as they are and as they stand in URLs, JSON and base64.
// Always:    one look-up a byte decides whether anything is to be done; for ordinary text nothing is.

import { SECRET_CHARS_MIN, SECRET_SHAPES, type SecretShape } from './secrets.ts'

export type Literal = {
  readonly length: number
  /** Null for a value. */
  readonly shape: SecretShape | null
  /** Bytes of the shape's body: 1 where one belongs to it. */
  readonly body: Uint8Array
  /** Of a long value: what must follow. */
  readonly rest: Uint8Array
}

export type SecretAutomaton = {
  readonly classes: Uint8Array
  /** What follows, by state plus class of the byte. A state is the index of its row. */
  readonly table: Uint32Array
  /** States from here on end a literal; ESCAPE is beyond them all. */
  readonly limit: number
  /** By state: the literals that end there. */
  readonly found: ReadonlyMap<number, readonly Literal[]>
  /** By state: how many of the last bytes may be the beginning of a value; 0 when absent. */
  readonly hold: ReadonlyMap<number, number>
}

/** What the table gives for ESC, in every state. */
const ESCAPE = 0xffff_ffff
const ESC = 0x1b

/** Bytes of a value by which it is recognised; the rest is compared. */
const VALUE_HEAD = 32

/** By the values they were made for, oldest first: the sessions of a town are handed the same. */
const made = new Map<string, SecretAutomaton>()
const MADE_MAX = 8

export function secretAutomaton(values: readonly string[]): SecretAutomaton {
  const wanted = [...new Set(values)].filter((value) => value.length >= SECRET_CHARS_MIN).sort()
  const key = JSON.stringify(wanted)
  const known = made.get(key)
  if (known !== undefined) return known
  const [oldest] = made.keys()
  if (made.size >= MADE_MAX && oldest !== undefined) made.delete(oldest)
  const automaton = build(wanted.flatMap(asWritten))
  made.set(key, automaton)
  return automaton
}

const encoder = new TextEncoder()

function asWritten(value: string): Uint8Array[] {
  const forms = new Set([value, encodeURIComponent(value.toWellFormed()), JSON.stringify(value).slice(1, -1)])
  const bytes = encoder.encode(value)
  // In base64 three bytes become four characters: only those count that nothing beside the value decides.
  for (const before of [0, 1, 2]) {
    const padded = String.fromCharCode(...new Uint8Array(before), ...bytes)
    const first = Math.ceil((before * 8) / 6)
    forms.add(btoa(padded).slice(first, Math.floor((padded.length * 8) / 6)))
  }
  return [...forms].filter((form) => form.length >= SECRET_CHARS_MIN).map((form) => encoder.encode(form))
}

type Entry = { readonly head: Uint8Array; readonly literal: Literal }
type Node = {
  readonly next: Map<number, Node>
  back: Node | null
  ends: Literal[]
  held: number
  row: number
}

const NOTHING = new Uint8Array(0)

function entries(values: readonly Uint8Array[]): Entry[] {
  const shapes = SECRET_SHAPES.flatMap((shape) => {
    const body = Uint8Array.from({ length: 256 }, (_, byte) =>
      byte < 128 && shape.body.test(String.fromCharCode(byte)) ? 1 : 0,
    )
    return shape.begins.map((begin): Entry => {
      const head = encoder.encode(begin)
      return { head, literal: { length: head.length, shape, body, rest: NOTHING } }
    })
  })
  return [
    ...shapes,
    ...values.map((value): Entry => {
      const head = value.slice(0, VALUE_HEAD)
      return {
        head,
        literal: { length: head.length, shape: null, body: NOTHING, rest: value.slice(VALUE_HEAD) },
      }
    }),
  ]
}

const node = (): Node => ({ next: new Map(), back: null, ends: [], held: 0, row: 0 })

function build(values: readonly Uint8Array[]): SecretAutomaton {
  const classes = new Uint8Array(256)
  classes[ESC] = 1
  let width = 2
  const root = node()
  for (const { head, literal } of entries(values)) {
    let at = root
    head.forEach((byte, index) => {
      if (classes[byte] === 0) classes[byte] = width++
      const child = at.next.get(byte) ?? node()
      at.next.set(byte, child)
      at = child
      if (literal.shape === null) at.held = Math.max(at.held, index + 1)
    })
    at.ends.push(literal)
  }
  const nodes = breadthFirst(root)
  // Rows of states that end nothing come first, so that one comparison tells them apart.
  const ordered = [
    ...nodes.filter(({ ends }) => ends.length === 0),
    ...nodes.filter(({ ends }) => ends.length > 0),
  ]
  ordered.forEach((one, index) => {
    one.row = index * width
  })
  const table = new Uint32Array(nodes.length * width)
  for (const one of nodes) {
    // What is not said here is as it is where this falls back to, whose row is finished.
    if (one.back !== null) table.copyWithin(one.row, one.back.row, one.back.row + width)
    for (const [byte, child] of one.next) table[one.row + (classes[byte] as number)] = child.row
    table[one.row + 1] = ESCAPE
  }
  return {
    classes,
    table,
    limit: ordered.findIndex(({ ends }) => ends.length > 0) * width,
    found: new Map(ordered.flatMap(({ row, ends }) => (ends.length > 0 ? [[row, ends] as const] : []))),
    hold: new Map(ordered.flatMap(({ row, held }) => (held > 0 ? [[row, held] as const] : []))),
  }
}

/** All nodes, each after the one it falls back to, with what that one ends and holds. */
function breadthFirst(root: Node): Node[] {
  const nodes = [root]
  for (const one of nodes) {
    // What has been found is blotted out and need not be held.
    if (one.ends.some(({ shape }) => shape === null)) one.held = 0
    for (const [byte, child] of one.next) {
      child.back = one === root ? root : follow(one.back ?? root, byte, root)
      nodes.push(child)
    }
    if (one.back === null) continue
    one.ends.push(...one.back.ends)
    one.held = Math.max(one.held, one.back.held)
  }
  return nodes
}

function follow(from: Node, byte: number, root: Node): Node {
  for (let at = from; ; at = at.back ?? root) {
    const child = at.next.get(byte)
    if (child !== undefined) return child
    if (at === root) return root
  }
}
