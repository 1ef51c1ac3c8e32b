// A map of rows that stay text until somebody asks for them.
//
// Owns:      which rows were asked for, which are new, which have gone.
// Does not:  know where the text comes from, or what a row means.
// Always:    it answers as a Map with the same rows in the same order; a row is the same object each time, for handlers
//            change rows in place.

/** Rows as text, in chunks that are looked into one by one. It never changes. */
export interface PackedRows {
  readonly size: number
  readonly chunkCount: number
  keys(chunk: number): readonly string[]
  /** JSON of the n-th row of a chunk. */
  text(chunk: number, n: number): string
  find(key: string): RowPlace | null
  /** A field that is known without unpacking a row, by its name; null: none is. */
  readonly marked: string | null
  marks(chunk: number): readonly unknown[]
}

export type RowPlace = { readonly chunk: number; readonly n: number }

export class RowMap<V> extends Map<string, V> {
  readonly packed: PackedRows
  /** Packed rows that were deleted; one that came again is fresh. */
  readonly #gone: Set<string>
  /** Rows that were not packed, in the order in which they came. */
  readonly #fresh: Set<string>

  constructor(packed: PackedRows) {
    super()
    this.packed = packed
    this.#gone = new Set()
    this.#fresh = new Set()
  }

  override get size(): number {
    // Map's own constructor asks for nothing, but a debugger may.
    return this.packed.size - this.#gone.size + this.#fresh.size
  }

  override get(key: string): V | undefined {
    const held = super.get(key)
    if (held !== undefined) return held
    const place = this.#placeOf(key)
    return place === null ? undefined : this.#load(key, place)
  }

  override has(key: string): boolean {
    return super.has(key) || this.#placeOf(key) !== null
  }

  override set(key: string, value: V): this {
    if (!super.has(key) && this.#placeOf(key) === null) this.#fresh.add(key)
    return super.set(key, value)
  }

  override delete(key: string): boolean {
    if (this.#fresh.delete(key)) return super.delete(key)
    if (this.#placeOf(key) === null) return false
    this.#gone.add(key)
    super.delete(key)
    return true
  }

  override clear(): void {
    for (const key of [...this.keys()]) this.delete(key)
  }

  override *keys(): Generator<string, undefined> {
    for (const [key] of this.#places()) yield key
  }

  override *values(): Generator<V, undefined> {
    for (const [, value] of this.entries()) yield value
  }

  override *entries(): Generator<[string, V], undefined> {
    for (const [key, place] of this.#places()) {
      const held = super.get(key)
      if (held !== undefined) yield [key, held]
      else if (place !== null) yield [key, this.#load(key, place)]
    }
  }

  override [Symbol.iterator](): Generator<[string, V], undefined> {
    return this.entries()
  }

  override forEach(use: (value: V, key: string, map: Map<string, V>) => void): void {
    for (const [key, value] of this.entries()) use(value, key, this)
  }

  /** All rows without keeping those that nobody had asked for: for rows that are never changed in place. */
  *passing(): Generator<[string, V], undefined> {
    for (const [key, place] of this.#places()) {
      const held = super.get(key)
      if (held !== undefined) yield [key, held]
      else if (place !== null) yield [key, this.#parsed(place)]
    }
  }

  /** The value of one field of each row, and the row when it is asked for: rows whose field is known stay packed. */
  *marks(field: keyof V & string): Generator<readonly [mark: unknown, row: () => V]> {
    const isMarked = this.packed.marked === field
    for (const [key, place] of this.#places()) {
      const held = super.get(key)
      const row = (): V => held ?? this.#load(key, place as RowPlace)
      if (held === undefined && isMarked && place !== null)
        yield [this.packed.marks(place.chunk)[place.n], row]
      else yield [row()[field], row]
    }
  }

  /** How many rows have which value of a field. */
  tally(field: keyof V & string): Map<unknown, number> {
    const counts = new Map<unknown, number>()
    const count = (mark: unknown, by: number): void => {
      const now = (counts.get(mark) ?? 0) + by
      if (now === 0) counts.delete(mark)
      else counts.set(mark, now)
    }
    if (this.packed.marked !== field) for (const row of this.values()) count(row[field], 1)
    else {
      for (let chunk = 0; chunk < this.packed.chunkCount; chunk += 1)
        for (const mark of this.packed.marks(chunk)) count(mark, 1)
      // What was packed of rows that are another by now, or are no more.
      const markOf = (key: string): unknown => {
        const place = this.packed.find(key)
        return place === null ? undefined : this.packed.marks(place.chunk)[place.n]
      }
      for (const key of this.#gone) count(markOf(key), -1)
      for (const [key, row] of this.#held()) {
        if (!this.#fresh.has(key)) count(markOf(key), -1)
        count(row[field], 1)
      }
    }
    return counts
  }

  /** The same rows, from now on apart; rows that were asked for are shared. */
  snapshot(): RowMap<V> {
    const copy = new RowMap<V>(this.packed)
    for (const key of this.#gone) copy.#gone.add(key)
    for (const [key, value] of this.#held()) {
      if (this.#fresh.has(key)) continue
      copy.#hold(key, value)
    }
    for (const key of this.#fresh) {
      copy.#fresh.add(key)
      copy.#hold(key, super.get(key) as V)
    }
    return copy
  }

  /** What is not as it was packed, or may be. */
  changes(): RowChanges<V> {
    const loaded: [string, V][] = []
    for (const entry of this.#held()) if (!this.#fresh.has(entry[0])) loaded.push(entry)
    const fresh = [...this.#fresh].map((key): [string, V] => [key, super.get(key) as V])
    return { loaded, gone: [...this.#gone], fresh }
  }

  #placeOf(key: string): RowPlace | null {
    return this.#gone.has(key) ? null : this.packed.find(key)
  }

  #parsed({ chunk, n }: RowPlace): V {
    return JSON.parse(this.packed.text(chunk, n)) as V
  }

  #load(key: string, place: RowPlace): V {
    const value = this.#parsed(place)
    super.set(key, value)
    return value
  }

  #hold(key: string, value: V): void {
    super.set(key, value)
  }

  #held(): MapIterator<[string, V]> {
    return super.entries()
  }

  /** In their order. Rows that come while somebody goes through them are met, as in a Map. */
  *#places(): Generator<readonly [string, RowPlace | null]> {
    for (let chunk = 0; chunk < this.packed.chunkCount; chunk += 1) {
      const keys = this.packed.keys(chunk)
      for (let n = 0; n < keys.length; n += 1) {
        const key = keys[n] as string
        if (!this.#gone.has(key)) yield [key, { chunk, n }]
      }
    }
    for (const key of this.#fresh) yield [key, null]
  }
}

export type RowChanges<V> = {
  /** Packed rows that somebody asked for. */
  readonly loaded: readonly (readonly [key: string, value: V])[]
  readonly gone: readonly string[]
  /** Rows that were not packed, in their order. */
  readonly fresh: readonly (readonly [key: string, value: V])[]
}

/** Rows of which a field has one of some values, in their order. */
export function* rowsWith<V>(
  rows: ReadonlyMap<string, V>,
  field: keyof V & string,
  values: readonly unknown[],
): Generator<V> {
  if (rows instanceof RowMap) {
    for (const [mark, row] of (rows as RowMap<V>).marks(field)) if (values.includes(mark)) yield row()
  } else for (const row of rows.values()) if (values.includes(row[field])) yield row
}

/** How many rows have which value of a field. */
export function tally<V>(rows: ReadonlyMap<string, V>, field: keyof V & string): Map<unknown, number> {
  if (rows instanceof RowMap) return (rows as RowMap<V>).tally(field)
  const counts = new Map<unknown, number>()
  for (const row of rows.values()) counts.set(row[field], (counts.get(row[field]) ?? 0) + 1)
  return counts
}
