// disk.floor: how much room must be free on the disk of a town before new work begins.

import { z } from 'zod'
import type { Json } from './record.ts'

const UNITS: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 }
const SIZE = /^(\d+(?:\.\d+)?) ?(B|KB|MB|GB|TB)$/i
const SHARE = /^(\d+(?:\.\d+)?) ?%$/

/** Less than this would not hold one worktree; more would keep most machines from ever working. */
const FLOOR_BYTES = { min: 50e6, max: 1e12 } as const
const FLOOR_SHARE = { min: 0, max: 50 } as const

const RANGE = 'a size from 50MB to 1TB, or a share from 0% to 50%'

/** As a person writes it, and as it is kept: `5GB`, `5%`. `0%` is no floor at all. */
export const diskFloor = z.string().refine((text) => isInRange(text.trim()), RANGE)

function isInRange(text: string): boolean {
  const share = SHARE.exec(text)?.[1]
  if (share !== undefined) return Number(share) >= FLOOR_SHARE.min && Number(share) <= FLOOR_SHARE.max
  const bytes = bytesIn(text)
  return bytes !== null && bytes >= FLOOR_BYTES.min && bytes <= FLOOR_BYTES.max
}

function bytesIn(text: string): number | null {
  const [, amount, unit] = SIZE.exec(text) ?? []
  return unit === undefined ? null : Math.round(Number(amount) * (UNITS[unit.toUpperCase()] ?? 1))
}

/** Of a disk of that size. When nothing is set: 1 GB, or 5 % where that is less. */
export function floorBytes(set: Json | undefined, totalBytes: number): number {
  const text = typeof set === 'string' ? set.trim() : ''
  const share = SHARE.exec(text)?.[1]
  if (share !== undefined) return Math.round((totalBytes * Number(share)) / 100)
  return bytesIn(text) ?? Math.min(1e9, Math.round(totalBytes / 20))
}

/** `1.5 GB`. */
export function sizeText(bytes: number): string {
  const [unit, size] = Object.entries(UNITS).findLast(([, each]) => bytes >= each) ?? ['B', 1]
  const amount = bytes / size
  return `${amount >= 100 || unit === 'B' ? Math.round(amount) : Math.round(amount * 10) / 10} ${unit}`
}
