// Where the states of a machine stand when it is drawn: in rows, each one step further from the first state.
//
// Owns:      places of states, and lines between them. Numbers only.
// Does not:  draw.
// Always:    the same machine gives the same picture, whichever state is the active one.

import type { Machine } from './shapes.ts'

export const BOX = { width: 132, height: 36 } as const
const GAP = { x: 30, y: 46 } as const
const PER_ROW = 4
const MARGIN = { x: 26, y: 16 } as const

export type PlacedState = {
  readonly name: string
  readonly x: number
  readonly y: number
  readonly final: boolean
  readonly initial: boolean
}
export type Line = {
  readonly from: string
  readonly to: string
  readonly path: string
  readonly on: readonly string[]
}
export type Layout = {
  readonly width: number
  readonly height: number
  readonly states: readonly PlacedState[]
  readonly lines: readonly Line[]
}

export function layoutOf({ states, transitions, initial }: Machine): Layout {
  const names = states.map(({ name }) => name)
  // A compound state is where it begins.
  const leaf = (name: string): string => names.find((each) => each.startsWith(`${name}.`)) ?? name
  const leaves = names.filter((name) => leaf(name) === name)
  const arrows = new Map<string, { from: string; to: string; on: Set<string> }>()
  for (const { from, to, on } of transitions) {
    if (from === '*' || to === '*') continue
    for (const each of leaves.filter((name) => name === from || name.startsWith(`${from}.`))) {
      const target = leaf(to)
      if (each === target) continue
      const arrow = arrows.get(`${each} ${target}`) ?? { from: each, to: target, on: new Set<string>() }
      arrow.on.add(on)
      arrows.set(`${each} ${target}`, arrow)
    }
  }
  const rows = rowsOf(leaves, leaf(initial), [...arrows.values()])
  const widest = Math.max(1, ...rows.map((row) => row.length))
  const inner = widest * BOX.width + (widest - 1) * GAP.x
  const placed = new Map<string, PlacedState>()
  rows.forEach((row, level) => {
    const own = row.length * BOX.width + (row.length - 1) * GAP.x
    row.forEach((name, n) => {
      placed.set(name, {
        name,
        x: MARGIN.x + (inner - own) / 2 + n * (BOX.width + GAP.x),
        y: MARGIN.y + level * (BOX.height + GAP.y),
        final: states.find((state) => state.name === name)?.final === true,
        initial: name === leaf(initial),
      })
    })
  })
  const lines = [...arrows.values()].flatMap(({ from, to, on }) => {
    const [a, b] = [placed.get(from), placed.get(to)]
    return a === undefined || b === undefined ? [] : [{ from, to, on: [...on], path: pathOf(a, b) }]
  })
  return {
    width: inner + 2 * MARGIN.x,
    height: rows.length * (BOX.height + GAP.y) - GAP.y + 2 * MARGIN.y,
    states: [...placed.values()],
    lines,
  }
}

/** By the number of steps from the first state; what cannot be reached stands last. */
function rowsOf(
  leaves: readonly string[],
  first: string,
  arrows: readonly { readonly from: string; readonly to: string }[],
): string[][] {
  const level = new Map([[first, 0]])
  for (const name of level.keys()) {
    for (const { to } of arrows.filter(({ from }) => from === name))
      if (!level.has(to)) level.set(to, (level.get(name) ?? 0) + 1)
  }
  const last = Math.max(0, ...level.values()) + 1
  const rows: string[][] = []
  for (let n = 0; n <= last; n += 1) {
    const row = leaves.filter((name) => (level.get(name) ?? last) === n)
    for (let from = 0; from < row.length; from += PER_ROW) rows.push(row.slice(from, from + PER_ROW))
  }
  return rows
}

/** From the edge of one box to the edge of the other; what leads back goes around on the outside. */
function pathOf(a: PlacedState, b: PlacedState): string {
  const [ax, bx] = [a.x + BOX.width / 2, b.x + BOX.width / 2]
  if (a.y < b.y) {
    const [from, to] = [a.y + BOX.height, b.y]
    const bend = Math.min(60, (to - from) / 2)
    return `M${ax + shift(a, b)} ${from} C${ax + shift(a, b)} ${from + bend}, ${bx} ${to - bend}, ${bx} ${to}`
  }
  if (a.y === b.y) {
    const toRight = a.x < b.x
    const isNext = Math.abs(a.x - b.x) <= BOX.width + GAP.x
    const [y, from, to] = [
      a.y + BOX.height / 2,
      toRight ? a.x + BOX.width : a.x,
      toRight ? b.x : b.x + BOX.width,
    ]
    if (isNext) return `M${from} ${y + (toRight ? -6 : 6)} L${to} ${y + (toRight ? -6 : 6)}`
    return `M${ax} ${a.y} C${ax} ${a.y - GAP.y * 0.7}, ${bx} ${b.y - GAP.y * 0.7}, ${bx} ${b.y}`
  }
  const [from, to] = [a.y, b.y + BOX.height]
  const bend = Math.min(60, (from - to) / 2)
  return `M${ax - 14} ${from} C${ax - 14} ${from - bend}, ${bx + 14} ${to + bend}, ${bx + 14} ${to}`
}

const shift = (a: PlacedState, b: PlacedState): number => Math.max(-40, Math.min(40, (b.x - a.x) / 6))
