// CRC-32C (Castagnoli), which LevelDB keeps for each block of a table and each record of its own log. node:zlib has
// only the other one.

/** Eight tables of 256, one after the other: the nth says what a byte does that is n bytes before the end. */
const T: Int32Array = makeTables()

/** The checksum of the bytes from `start` to `end`. */
function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let crc = -1
  let at = start
  // Eight bytes in one step: a byte at a time is six times slower. And no calls, which cost most before the function
  // is compiled: opening a log waits for this, once.
  for (; at + 8 <= end; at += 8) {
    const b0 = bytes[at] as number
    const b1 = bytes[at + 1] as number
    const b2 = bytes[at + 2] as number
    const b3 = bytes[at + 3] as number
    crc ^= b0 | (b1 << 8) | (b2 << 16) | (b3 << 24)
    crc =
      (T[1792 + (crc & 255)] as number) ^
      (T[1536 + ((crc >>> 8) & 255)] as number) ^
      (T[1280 + ((crc >>> 16) & 255)] as number) ^
      (T[1024 + (crc >>> 24)] as number) ^
      (T[768 + (bytes[at + 4] as number)] as number) ^
      (T[512 + (bytes[at + 5] as number)] as number) ^
      (T[256 + (bytes[at + 6] as number)] as number) ^
      (T[bytes[at + 7] as number] as number)
  }
  for (; at < end; at += 1) crc = (T[(crc ^ (bytes[at] as number)) & 255] as number) ^ (crc >>> 8)
  return ~crc >>> 0
}

/** As LevelDB keeps it: turned and shifted, so that a checksum of checksums is no trap. */
export function maskedCrc32c(bytes: Uint8Array, start: number, end: number): number {
  const crc = crc32c(bytes, start, end)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256)
  for (let n = 0; n < 256; n += 1) {
    let crc = n
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    tables[n] = crc
  }
  for (let n = 256; n < tables.length; n += 1) {
    const previous = tables[n - 256] as number
    tables[n] = (tables[previous & 255] as number) ^ (previous >>> 8)
  }
  return tables
}
