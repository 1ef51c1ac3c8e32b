// CRC-32C (Castagnoli), which LevelDB keeps for each block of a table. node:zlib has only the other one.

const TABLES: readonly Uint32Array[] = makeTables()

export function crc32c(bytes: Uint8Array): number {
  const [t0, t1, t2, t3] = TABLES as readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array]
  const length4 = bytes.length - (bytes.length % 4)
  let crc = -1
  let at = 0
  // Four bytes in one step: a byte at a time is three times slower.
  for (; at < length4; at += 4) {
    const b0 = bytes[at] as number
    const b1 = bytes[at + 1] as number
    const b2 = bytes[at + 2] as number
    const b3 = bytes[at + 3] as number
    crc ^= b0 | (b1 << 8) | (b2 << 16) | (b3 << 24)
    crc =
      (t3[crc & 255] as number) ^
      (t2[(crc >>> 8) & 255] as number) ^
      (t1[(crc >>> 16) & 255] as number) ^
      (t0[crc >>> 24] as number)
  }
  for (; at < bytes.length; at += 1) crc = (t0[(crc ^ (bytes[at] as number)) & 255] as number) ^ (crc >>> 8)
  return ~crc >>> 0
}

function makeTables(): Uint32Array[] {
  const bytewise = new Uint32Array(256).map((_, n) => {
    let crc = n
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    return crc
  })
  const tables = [bytewise]
  for (let step = 1; step < 4; step += 1) {
    const previous = tables[step - 1] ?? bytewise
    tables.push(previous.map((crc) => (bytewise[crc & 255] ?? 0) ^ (crc >>> 8)))
  }
  return tables
}
