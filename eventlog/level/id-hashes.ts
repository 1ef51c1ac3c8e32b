// Runs by the hash of an append id: two numbers each, in arrays that are at most half full.
//
// Owns:      which runs an id may be in; a million of them take 16 MB, and a look-up takes no garbage.
// Does not:  know an id: two may have one hash, and whoever asks looks into the run.

import { SEGMENT_ENTRIES } from '../seal-policy.ts'

const ROOM = 1 << 10

const runOf = (last: number): number => Math.ceil(last / SEGMENT_ENTRIES)
/** A checksum of short texts that are alike fills the low bits badly. */
const placeOf = (hash: number): number => Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) >>> 7

export class IdHashes {
  #hashes = new Uint32Array(ROOM)
  /** 2^32 runs of 512 are more than there are positions. 0: free. */
  #runs = new Uint32Array(ROOM)
  #count = 0
  #forgotten = 0

  add(hash: number, last: number): void {
    if ((this.#count + 1) * 2 > this.#hashes.length) this.#makeRoom()
    this.#put(hash, runOf(last))
  }

  /** Latest first. */
  find(hash: number): number[] {
    const mask = this.#hashes.length - 1
    const found: number[] = []
    for (let at = placeOf(hash) & mask; this.#runs[at] !== 0; at = (at + 1) & mask)
      if (this.#hashes[at] === hash) found.push((this.#runs[at] as number) * SEGMENT_ENTRIES)
    return found.sort((a, b) => b - a)
  }

  forgotten(upTo: number): void {
    this.#forgotten = Math.max(this.#forgotten, runOf(upTo))
  }

  #put(hash: number, run: number): void {
    const mask = this.#hashes.length - 1
    let at = placeOf(hash) & mask
    while (this.#runs[at] !== 0) at = (at + 1) & mask
    this.#hashes[at] = hash
    this.#runs[at] = run
    this.#count += 1
  }

  #makeRoom(): void {
    const [hashes, runs] = [this.#hashes, this.#runs]
    const kept = runs.reduce((sum, run) => sum + (run > this.#forgotten ? 1 : 0), 0)
    let room = ROOM
    while (room < kept * 4) room *= 2
    this.#hashes = new Uint32Array(room)
    this.#runs = new Uint32Array(room)
    this.#count = 0
    for (const [at, run] of runs.entries()) if (run > this.#forgotten) this.#put(hashes[at] as number, run)
  }
}
