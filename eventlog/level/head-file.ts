// The head file: remembers outside the database where the log ended, so that a lost tail is seen.
//
// Owns:      `<dir>/head`: two slots of 64 bytes in different sectors, written in turn and in place.
// Does not:  delay a commit: it follows one by at most 100 ms, and what was lost behind it cannot be seen.
// Always:    a slot names only entries that are durable in the database; of two good slots the later one counts.
//
// A slot: 'GTH1' seq:8 chain:32 log id:16 crc:4. Two of them, because a write that a crash cuts in half must not look
// like damage.

import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { Position } from '../engine.ts'
import { isMissing, unavailable } from './unavailable.ts'

const SLOT_BYTES = 64
const SLOT_DISTANCE = 4096
const MAGIC = Buffer.from('GTH1')
/** With the write itself well under the promised 100 ms. */
const DELAY_MS = 50

export type FoundHead =
  | {
      readonly state: 'found'
      readonly logId: string
      readonly seq: number
      readonly chain: Buffer
      readonly slot: 0 | 1
    }
  | { readonly state: 'missing' | 'damaged' }

/** @throws {LogError} LOG_UNAVAILABLE: it is there and cannot be read now */
export async function readHeadFile(path: string): Promise<FoundHead> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const bytes = Buffer.alloc(SLOT_DISTANCE + SLOT_BYTES)
    await file.read(bytes, 0, bytes.length, 0)
    const slots = [decodeSlot(bytes, 0), decodeSlot(bytes, 1)].filter((slot) => slot !== undefined)
    return slots.sort((a, b) => b.seq - a.seq)[0] ?? { state: 'damaged' }
  } catch (error) {
    if (isMissing(error)) return { state: 'missing' }
    throw unavailable(path, error)
  } finally {
    await file?.close()
  }
}

export async function createHeadFile(path: string, logId: string, head: Position): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    const bytes = Buffer.alloc(SLOT_DISTANCE + SLOT_BYTES)
    encodeSlot(logId, head).copy(bytes, 0)
    await file.write(bytes, 0, bytes.length, 0)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Follows the commits of one opened log. */
export class HeadFile {
  readonly #file: FileHandle
  readonly #logId: string
  readonly #onError: (error: unknown) => void
  #slot: 0 | 1
  #wanted: Position | undefined
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined

  private constructor(file: FileHandle, logId: string, slot: 0 | 1, onError: (error: unknown) => void) {
    this.#file = file
    this.#logId = logId
    this.#slot = slot
    this.#onError = onError
  }

  static async open(
    path: string,
    logId: string,
    found: FoundHead,
    onError: (error: unknown) => void,
  ): Promise<HeadFile> {
    const file = await open(path, constants.O_RDWR)
    // The slot that counts is overwritten last.
    const slot = found.state === 'found' && found.slot === 0 ? 1 : 0
    return new HeadFile(file, logId, slot, onError)
  }

  follow(head: Position): void {
    this.#wanted = head
    if (this.#timer || this.#writing) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#write()
    }, DELAY_MS)
    this.#timer.unref()
  }

  /** Writes what is wanted, and closes. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#writing
    await this.#write()
    await this.#file.close()
  }

  #write(): Promise<void> {
    this.#writing = this.#writeSlot().finally(() => {
      this.#writing = undefined
      if (this.#wanted) this.follow(this.#wanted)
    })
    return this.#writing
  }

  async #writeSlot(): Promise<void> {
    const head = this.#wanted
    if (!head) return
    this.#wanted = undefined
    try {
      await this.#file.write(encodeSlot(this.#logId, head), 0, SLOT_BYTES, this.#slot * SLOT_DISTANCE)
      await this.#file.datasync()
      this.#slot = this.#slot === 0 ? 1 : 0
    } catch (error) {
      this.#onError(error)
    }
  }
}

function encodeSlot(logId: string, head: Position): Buffer {
  const bytes = Buffer.alloc(SLOT_BYTES)
  MAGIC.copy(bytes, 0)
  bytes.writeBigUInt64BE(BigInt(head.seq), 4)
  head.chain.copy(bytes, 12)
  Buffer.from(logId, 'hex').copy(bytes, 44, 0, 16)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 60)), 60)
  return bytes
}

function decodeSlot(file: Buffer, slot: 0 | 1): Extract<FoundHead, { state: 'found' }> | undefined {
  const bytes = file.subarray(slot * SLOT_DISTANCE, slot * SLOT_DISTANCE + SLOT_BYTES)
  if (!bytes.subarray(0, 4).equals(MAGIC) || crc32(bytes.subarray(0, 60)) !== bytes.readUInt32BE(60))
    return undefined
  return {
    state: 'found',
    logId: bytes.toString('hex', 44, 60),
    seq: Number(bytes.readBigUInt64BE(4)),
    chain: Buffer.from(bytes.subarray(12, 44)),
    slot,
  }
}
