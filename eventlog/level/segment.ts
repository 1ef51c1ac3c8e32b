// The text of a sealed segment, as it is kept.
//
// Owns:      packing and compressing the lines of a run, and the proof that they come back.
// Does not:  write, sign or find anything.
// Always:    lines that would not come back byte for byte are kept as text; and the loop is never held for long.
//
// Packed lines: size:4 of the packed values, and these, compressed. Text lines: joined by newlines, compressed.

import { setImmediate as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress, zstdDecompressSync } from 'node:zlib'
import { PackedValues, Packer } from './pack.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** Packing or comparing this much takes a quarter of a millisecond; then others have their turn. */
const STEP_CHARS = 32 * 1024
/**
 * Measured with the corpus of bench/, 1,047 bytes a line: level 1 leaves 98 bytes, 3 leaves 90, 6 leaves 84 in twice the
 * time, 12 the same in six times. Reading takes no longer with any of them.
 */
const LEVEL = 3
/** What is unpacked in one go; what is larger grows by this much. */
const CHUNK_BYTES_MAX = 64 * 1024 * 1024
const SIZE_BYTES = 4

export type Packed = {
  /** Whether the entries are packed, or the text of the lines. */
  readonly as: 'values' | 'text'
  readonly bytes: Buffer
}

/** `text` is the lines joined by newlines. */
export async function packLines(lines: readonly string[], text: Buffer): Promise<Packed> {
  const values = await packValues(lines)
  const plain = values ?? text
  const bytes = await compress(plain, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } })
  if (!(await decompress(bytes)).equals(plain)) throw new Error('What was compressed does not come back.')
  if (!values) return { as: 'text', bytes }
  const size = Buffer.allocUnsafe(SIZE_BYTES)
  size.writeUInt32BE(values.length, 0)
  return { as: 'values', bytes: Buffer.concat([size, bytes]) }
}

export function unpackValues(packed: Buffer, count: number): unknown[] {
  const plain = decompressed(packed.subarray(SIZE_BYTES), packed.readUInt32BE(0))
  return new PackedValues(plain).next(count)
}

/** The value at a place, counted from 0. */
export function unpackValue(packed: Buffer, place: number): unknown {
  const plain = decompressed(packed.subarray(SIZE_BYTES), packed.readUInt32BE(0))
  const values = new PackedValues(plain)
  values.skip(place)
  return values.next(1)[0]
}

/** `size`: bytes of the text. */
export function unpackText(packed: Buffer, size: number): Buffer {
  return decompressed(packed, size)
}

// In one piece: by default 16 KB are unpacked at a time, which takes longer.
function decompressed(packed: Buffer, size: number): Buffer {
  return zstdDecompressSync(packed, { chunkSize: Math.max(1024, Math.min(size + 1, CHUNK_BYTES_MAX)) })
}

/** The packed values, or undefined if they do not give back every line. */
async function packValues(lines: readonly string[]): Promise<Buffer | undefined> {
  const packer = new Packer()
  try {
    for (const some of steps(lines)) {
      for (const line of some) packer.add(JSON.parse(line))
      await pause()
    }
    const packed = packer.finish()
    const values = new PackedValues(packed)
    for (const some of steps(lines)) {
      const found = values.next(some.length)
      if (some.some((line, index) => JSON.stringify(found[index]) !== line)) return undefined
      await pause()
    }
    return packed
  } catch (error) {
    // Nested too deeply for this way, or no JSON at all: sealing changes no line.
    if (error instanceof RangeError || error instanceof SyntaxError) return undefined
    throw error
  }
}

function* steps(lines: readonly string[]): Generator<readonly string[]> {
  let from = 0
  let chars = 0
  for (const [index, line] of lines.entries()) {
    chars += line.length
    if (chars < STEP_CHARS && index < lines.length - 1) continue
    yield lines.slice(from, index + 1)
    from = index + 1
    chars = 0
  }
}
