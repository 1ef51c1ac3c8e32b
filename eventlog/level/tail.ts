// The rows that are not sealed yet, as bytes in memory.
//
// Owns:      room for them, in pieces of some size, and how much of it there is at most.
// Does not:  read or write the database, or look into a row.
// Always:    each row is here as the database has it; what was handed out does not change.
//
// Sealing reads these. Asking LevelDB for them would hold the loop: a snapshot and an iterator wait, on the thread that asks,
// for a lock that LevelDB keeps while it switches its log or removes files, which takes as long as the disk does.

import { seqOf } from './keys.ts'
import type { RawRow } from './scan.ts'

/** As much as 16,384 entries of 2 KB: so many are left unsealed at most, however much is written. */
const BYTES_MAX = 32 * 1024 * 1024
const SLAB_BYTES = 256 * 1024
/** Before each row: size of its key and of its value, 4 bytes each. */
const FRAME_BYTES = 8

type Slab = {
  readonly bytes: Buffer
  used: number
  /** Of its last row. */
  last: number
}

export class Tail {
  readonly #bytesMax: number
  #slabs: Slab[] = []
  #bytes = 0
  /** All rows that end behind this entry are here. */
  #after: number
  /** What sealing left of the first row. */
  #rest: RawRow | undefined

  /** `after`: up to there everything is sealed. */
  constructor(after: number, bytesMax = BYTES_MAX) {
    this.#after = after
    this.#bytesMax = bytesMax
  }

  /** Room for the value of the next row, which the caller fills before anything else. */
  room(key: Buffer, size: number): Buffer {
    const framed = FRAME_BYTES + key.length + size
    const slab = this.#slabFor(framed)
    let at = slab.bytes.writeUInt32LE(key.length, slab.used)
    at = slab.bytes.writeUInt32LE(size, at)
    slab.bytes.set(key, at)
    at += key.length
    slab.used = at + size
    slab.last = seqOf(key) ?? 0
    return slab.bytes.subarray(at, at + size)
  }

  /** The rows that hold the entries after `after` and up to `to`, again and again; undefined when not all are here. */
  rows(after: number, to: number): (() => Generator<RawRow>) | undefined {
    if (after < this.#after) return undefined
    const rest = this.#rest
    const slabs = this.#slabs.filter(({ last }) => last > after).map(({ bytes, used }) => ({ bytes, used }))
    return function* () {
      for (const slab of slabs) {
        for (const row of rowsIn(slab)) {
          if (row.last <= after) continue
          yield rest?.last === row.last ? rest : row
          if (row.last >= to) return
        }
      }
    }
  }

  /** Everything up to `to` is sealed. `rest`: what the row across that end is now. */
  sealed(to: number, rest: RawRow | undefined): void {
    this.#rest = rest
    this.#after = Math.max(this.#after, to)
    this.#dropWhile((slab) => slab.last <= to)
  }

  #slabFor(size: number): Slab {
    const current = this.#slabs.at(-1)
    if (current && current.used + size <= current.bytes.length) return current
    const slab = { bytes: slabOf(Math.max(SLAB_BYTES, size)), used: 0, last: 0 }
    this.#slabs.push(slab)
    this.#bytes += slab.bytes.length
    // What is the longest here is sealed next, but reading it from the database is only slower.
    this.#dropWhile((one) => one !== slab && this.#bytes > this.#bytesMax)
    return slab
  }

  #dropWhile(holds: (slab: Slab) => boolean): void {
    const kept = this.#slabs.findIndex((slab) => !holds(slab))
    const dropped = this.#slabs.splice(0, kept < 0 ? this.#slabs.length : kept)
    for (const { bytes, last } of dropped) {
      this.#bytes -= bytes.length
      this.#after = Math.max(this.#after, last)
    }
  }
}

/** Shared memory is no part of the heap by which V8 decides that it collects all of it: that would take longer than a commit. */
const slabOf = (size: number): Buffer => Buffer.from(new SharedArrayBuffer(size))

function* rowsIn({ bytes, used }: { readonly bytes: Buffer; readonly used: number }): Generator<RawRow> {
  for (let at = 0; at < used; ) {
    const keyAt = at + FRAME_BYTES
    const valueAt = keyAt + bytes.readUInt32LE(at)
    const end = valueAt + bytes.readUInt32LE(at + 4)
    const key = bytes.subarray(keyAt, valueAt)
    yield { last: seqOf(key) ?? 0, key, value: bytes.subarray(valueAt, end) }
    at = end
  }
}
