// Rows of a database as one run of bytes, which another thread can be handed without a copy.
//
// Owns:      the form of these bytes.
// Does not:  know what the rows mean; checksums are left to whoever does.
//
// The bytes: for each row, size of the key:2, size of the value:4, the key, the value. A row without a value is one to delete.

const FRAME_BYTES = 6
/** In the place of a size. */
const NO_VALUE = 0xffffffff

export type SideRow = { readonly key: Buffer; readonly value: Buffer | undefined }

export function packRows(rows: readonly SideRow[]): Uint8Array<ArrayBuffer> {
  let size = 0
  for (const { key, value } of rows) size += FRAME_BYTES + key.length + (value?.length ?? 0)
  // Never from the pool, whose memory others use too.
  const bytes = Buffer.allocUnsafeSlow(size)
  let at = 0
  for (const { key, value } of rows) {
    at = bytes.writeUInt16BE(key.length, at)
    at = bytes.writeUInt32BE(value?.length ?? NO_VALUE, at)
    bytes.set(key, at)
    at += key.length
    if (value === undefined) continue
    bytes.set(value, at)
    at += value.length
  }
  return new Uint8Array(bytes.buffer)
}

/** Without a copy. */
export function unpackRows({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): SideRow[] {
  const bytes = Buffer.from(buffer, byteOffset, byteLength)
  const rows: SideRow[] = []
  for (let at = 0; at < bytes.length; ) {
    const valueAt = at + FRAME_BYTES + bytes.readUInt16BE(at)
    const size = bytes.readUInt32BE(at + 2)
    const end = size === NO_VALUE ? valueAt : valueAt + size
    rows.push({
      key: bytes.subarray(at + FRAME_BYTES, valueAt),
      value: size === NO_VALUE ? undefined : bytes.subarray(valueAt, end),
    })
    at = end
  }
  return rows
}
