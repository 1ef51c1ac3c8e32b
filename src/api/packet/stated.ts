// What a bead's description states for whoever reviews its work: acceptance criteria, and the paths it is about.
//
// Does not:  know whether a criterion holds: a ticked box is what somebody wrote.

import { pathGlobFits } from '../../events/globs.ts'

export type Criterion = { readonly text: string; readonly done: boolean }

const CRITERIA_MAX = 100
const PATHS_MAX = 100

/** The boxes below a heading that speaks of acceptance; where there is none, all boxes. */
export function criteriaIn(description: string): Criterion[] {
  const below = under(description, /accept|done when|criteria/i)
  const boxes = (lines: readonly string[]) =>
    lines.flatMap((line) => {
      const [, mark, text] = /^\s*[-*+] \[([ xX])\] +(.+)$/.exec(line) ?? []
      return text === undefined ? [] : [{ text: text.trim(), done: mark !== ' ' }]
    })
  const found = boxes(below)
  return (found.length > 0 ? found : boxes(description.split('\n'))).slice(0, CRITERIA_MAX)
}

/** Below a heading `Paths` or `Files`, one in each item; or in a line `Paths: a, b`. Null: it states none. */
export function pathsIn(description: string): string[] | null {
  const listed = under(description, /^(paths|files)\b/i).flatMap((line) => {
    const [, item] = /^\s*[-*+] +(.+)$/.exec(line) ?? []
    return item === undefined ? [] : [pathOf(item)]
  })
  const inLine = /^(?:paths|files):[ \t]*(\S.*)$/im.exec(description)?.[1]?.split(',') ?? []
  const found = [...listed, ...inLine.map(pathOf)].filter((path) => path !== '')
  return found.length === 0 ? null : found.slice(0, PATHS_MAX)
}

/** A path, a folder with all below it, or a pattern (`src/**` or `*.md`). */
export const fitsOne = (path: string, stated: readonly string[]): boolean =>
  stated.some((one) => {
    const plain = one.replace(/^\.\//, '').replace(/\/+$/, '')
    return path === plain || path.startsWith(`${plain}/`) || pathGlobFits(plain, path)
  })

/** What stands in backticks, else the first word. */
const pathOf = (item: string): string =>
  (/`([^`]+)`/.exec(item)?.[1] ?? item.trim().split(/\s/)[0] ?? '').trim()

/** Lines from a heading that fits to the next heading. */
function under(text: string, heading: RegExp): string[] {
  const found: string[] = []
  let inside = false
  for (const line of text.split('\n')) {
    const [, title] = /^#{1,6} +(.+)$/.exec(line) ?? []
    if (title !== undefined) inside = heading.test(title.trim())
    else if (inside) found.push(line)
  }
  return found
}
