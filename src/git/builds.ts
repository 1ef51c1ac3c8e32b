// What we know of the commits that this process built: spares asking git again for the parent and trees of a commit.
// Ids say everything, so nothing here can grow old; a process that does not know asks git.

import type { Layout } from './layout.ts'

export type Build = {
  readonly base: string
  readonly head: string
  readonly tree: string
  /** Tree of `head`. */
  readonly headTree: string
  /** `base` is its only parent. */
  readonly single: boolean
}

const BUILDS_MAX = 1_000
/** More are not stacked at a time. */
const STACK_MAX = 100
const builds = new Map<string, Build>()

export function rememberBuild(layout: Layout, commit: string, build: Build): void {
  builds.set(`${layout.own}\n${commit}`, build)
  const oldest = builds.keys().next().value
  if (builds.size > BUILDS_MAX && oldest !== undefined) builds.delete(oldest)
}

export const knownBuild = (layout: Layout, commit: string): Build | undefined =>
  builds.get(`${layout.own}\n${commit}`)

type StackPart = { readonly base: string; readonly commit: string; readonly head: string }

const landed = new Set<string>()

/** The target has it: what stands upon it needs it proved no more. */
export function noteLanded(layout: Layout, commit: string): void {
  landed.add(`${layout.own}\n${commit}`)
  const [oldest] = landed
  if (landed.size > BUILDS_MAX && oldest !== undefined) landed.delete(oldest)
}

/** What was built one upon the other up to `tip` and has not landed, the lowest first. */
export function stackBelow(layout: Layout, tip: string): StackPart[] {
  const parts: StackPart[] = []
  let commit = tip
  while (parts.length < STACK_MAX && !landed.has(`${layout.own}\n${commit}`)) {
    const build = knownBuild(layout, commit)
    if (build === undefined) break
    parts.unshift({ base: build.base, commit, head: build.head })
    commit = build.base
  }
  return parts
}

/** Commits that `commit` stands on one after the other and alone, itself first, as far as they were built here. */
export function lineBelow(layout: Layout, commit: string): string[] {
  const line = [commit]
  for (
    let build = knownBuild(layout, commit);
    build?.single === true;
    build = knownBuild(layout, build.base)
  ) {
    line.push(build.base)
    if (line.length > BUILDS_MAX) break
  }
  return line
}
