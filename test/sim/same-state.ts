// Whether two owners stand alike, without writing either out: most parts of them are the very same objects.

import { sameValue } from '../../src/system/decide.ts'
import type { OwnerState } from '../../src/system/types.ts'

export function sameState(left: OwnerState | null, right: OwnerState | null): boolean {
  if (left === null || right === null) return left === right
  if (left.seq !== right.seq || left.machine !== right.machine || !sameValue(left.value, right.value))
    return false
  return left.context === right.context || sameParts(left.context, right.context)
}

/** Of plain JSON, key by key, whatever their order. */
export function sameParts(left: object, right: object): boolean {
  const [one, other] = [left as { [key: string]: unknown }, right as { [key: string]: unknown }]
  const keys = Object.keys(one)
  if (keys.length !== Object.keys(other).length) return false
  return keys.every((key) => {
    const [a, b] = [one[key], other[key]]
    return a === b || (b !== undefined && JSON.stringify(a) === JSON.stringify(b))
  })
}

/** Of rows of projections: maps, sets and plain JSON. Maps and sets in their order; the keys of an object in any. */
export function sameRows(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (left instanceof Map)
    return right instanceof Map && left.size === right.size && sameInOrder(left.entries(), right.entries())
  if (left instanceof Set)
    return right instanceof Set && left.size === right.size && sameInOrder(left.values(), right.values())
  if (Array.isArray(left))
    return (
      Array.isArray(right) && left.length === right.length && left.every((one, n) => sameRows(one, right[n]))
    )
  const [one, other] = [left as { [key: string]: unknown }, right as { [key: string]: unknown }]
  let keys = 0
  for (const key in one) {
    if (one[key] === undefined) continue
    keys += 1
    if (!sameRows(one[key], other[key])) return false
  }
  for (const key in other) if (other[key] !== undefined) keys -= 1
  return keys === 0
}

function sameInOrder(left: Iterator<unknown>, right: Iterator<unknown>): boolean {
  for (;;) {
    const [one, other] = [left.next(), right.next()]
    if (one.done === true) return true
    if (!sameRows(one.value, other.value)) return false
  }
}
