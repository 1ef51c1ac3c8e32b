// CRC-32C (Castagnoli), which LevelDB keeps for each block of a table and each record of its own log. node:zlib has
// only the other one.

/** Eight tables of 256, one after the other: the nth says what a byte does that is n bytes before the end. */
const T: Int32Array = makeTables()

/** The checksum of the bytes from `start` to `end`. */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let crc = -1
  let at = start
  // Eight bytes in one step: a byte at a time is six times slower, and opening a log waits for this.
  for (; at + 8 <= end; at += 8) {
    crc ^=
      byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24)
    crc =
      step(7, crc & 255) ^
      step(6, (crc >>> 8) & 255) ^
      step(5, (crc >>> 16) & 255) ^
      step(4, crc >>> 24) ^
      step(3, byte(bytes, at + 4)) ^
      step(2, byte(bytes, at + 5)) ^
      step(1, byte(bytes, at + 6)) ^
      step(0, byte(bytes, at + 7))
  }
  for (; at < end; at += 1) crc = step(0, (crc ^ byte(bytes, at)) & 255) ^ (crc >>> 8)
  return ~crc >>> 0
}

/** As LevelDB keeps it: turned and shifted, so that a checksum of checksums is no trap. */
export function maskedCrc32c(bytes: Uint8Array, start: number, end: number): number {
  const crc = crc32c(bytes, start, end)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number
}

function step(table: number, index: number): number {
  return T[table * 256 + index] as number
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
