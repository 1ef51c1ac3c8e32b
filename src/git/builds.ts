// What we know of the commits that this process built: spares asking git again for the parent and trees of a commit.
// Ids say everything, so nothing here can grow old; a process that does not know asks git.

import type { Layout } from './layout.ts'

export type Build = {
  readonly base: string
  readonly head: string
  readonly tree: string
  /** Tree of `head`. */
  readonly headTree: string
}

const BUILDS_MAX = 1_000
const builds = new Map<string, Build>()

export function rememberBuild(layout: Layout, commit: string, build: Build): void {
  builds.set(`${layout.own}\n${commit}`, build)
  const oldest = builds.keys().next().value
  if (builds.size > BUILDS_MAX && oldest !== undefined) builds.delete(oldest)
}

export const knownBuild = (layout: Layout, commit: string): Build | undefined =>
  builds.get(`${layout.own}\n${commit}`)
