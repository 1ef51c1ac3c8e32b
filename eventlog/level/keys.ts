// Every key in the database, and the reason of each byte.
//
//   'm' name            meta: 'format' and 'logid'. Written once, when the log is created.
//   'r' last:6          a row of entries, a commit or a sealed segment, under the seq of its *last* entry: the row that
//                       holds entry n is the first one at or after n, so one seek finds it whether or not it is sealed.
//   's' last:6          what a sealed segment holds, without its lines, so that opening need not read the segments.
//   'x' last:6          the append ids of one commit, until its run is sealed.
//   'h' last:6          hashes of the append ids of a sealed run: opening reads these, and a look-up asks them first.
//   'p' last:6          those ids, and where each was written.
//   'a' last:6          an archive file: which entries it holds, and where. They are in no other row.
//   'i' id              before format 3: where an append id was written. Read, and forgotten, never written.
//
// One letter keeps the kinds apart and each kind in one range. Positions are 6 bytes, big-endian, so that the order
// of keys is the order of entries; 48 bits are 2.8e14 entries, and exact in a JavaScript number.

export type Kind = 'm' | 'r' | 's' | 'i' | 'x' | 'h' | 'p' | 'a'

const SEQ_BYTES = 6
export const SEQ_MAX = 2 ** 48 - 1

export const META_FORMAT: Buffer = Buffer.from('mformat')
export const META_LOG_ID: Buffer = Buffer.from('mlogid')

export function seqKey(kind: Exclude<Kind, 'm' | 'i'>, seq: number): Buffer {
  const key = Buffer.allocUnsafe(1 + SEQ_BYTES)
  key.write(kind, 0, 'latin1')
  key.writeUIntBE(seq, 1, SEQ_BYTES)
  return key
}

export function idKey(id: string): Buffer {
  return Buffer.from(`i${id}`)
}

/** The seq of a key made by seqKey, or undefined if it is not one. */
export function seqOf(key: Buffer): number | undefined {
  return key.length === 1 + SEQ_BYTES ? key.readUIntBE(1, SEQ_BYTES) : undefined
}

/** The whole range of one kind. */
export function rangeOf(kind: Kind): { readonly gte: Buffer; readonly lt: Buffer } {
  return { gte: Buffer.from(kind), lt: Buffer.from([kind.charCodeAt(0) + 1]) }
}
