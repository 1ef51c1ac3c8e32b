// A forge as landings need it: pull requests, what its checks and reviewers say of them, and merging.
//
// Every operation may be asked again with the same arguments: a pull request that is open is found, one that was merged
// is told as landed. Failures are RepositoryErrors whose codes begin with FORGE_ or PULL_.

import type { Remote } from './repositories.ts'

/** Where the rig's pull requests are. */
export type ForgeAt = {
  /** Base address of its API: https, or http on loopback. */
  readonly url: string
  /** `owner/name`. */
  readonly repo: string
  /** File with the token; null: the worker's own environment has it. */
  readonly tokenFile: string | null
}

export type MergeMethod = 'squash' | 'rebase' | 'merge'

export type PullCheck = {
  readonly name: string
  readonly state: 'passed' | 'failed' | 'waiting'
  /** What it says of itself, at most 2,000 characters. */
  readonly said: string
}

export type PullReview = {
  readonly by: string
  readonly verdict: 'approved' | 'changes'
  readonly said: string
}

export type PullState = {
  readonly state: 'open' | 'closed' | 'merged'
  readonly draft: boolean
  /** Commit that its branch stands at. */
  readonly head: string
  /** `blocked`: its rules say not yet. `behind`: they want the newest target below it. `unknown`: it has not looked. */
  readonly mergeable: 'yes' | 'blocked' | 'conflict' | 'behind' | 'unknown'
  /** Of `head`, the last one of each name; at most 300. */
  readonly checks: readonly PullCheck[]
  /** The last word of each reviewer; at most 100. */
  readonly reviews: readonly PullReview[]
}

type At = { readonly rig: string; readonly forge: ForgeAt; readonly remote: Remote; readonly target: string }

export interface Forge {
  /**
   * Puts `commit` on `branch` of the remote, and finds or opens the pull request from there to the target.
   * The branch is moved only from one of `replaces`, or from where it is already.
   */
  openPull(
    input: At & {
      readonly branch: string
      readonly commit: string
      readonly replaces: readonly string[]
      readonly title: string
      readonly body: string
    },
  ): Promise<{ readonly number: number; readonly url: string }>

  lookAtPull(input: At & { readonly number: number }): Promise<PullState>

  /**
   * Merges a pull request that stands at `commit` into a target that stands at `base`, and reads the target back.
   * What landed may be a commit of the forge's own; its tree is said, and whether that is the tree of `commit`.
   */
  mergePull(
    input: At & {
      readonly number: number
      readonly base: string
      readonly commit: string
      /** The worker's commit, whose patch has to be in what landed. */
      readonly head: string
      readonly method: MergeMethod
      readonly title: string
      readonly message: string
    },
  ): Promise<
    | {
        readonly kind: 'landed'
        /** Where the target stands. */
        readonly head: string
        readonly commit: string
        readonly tree: string
        readonly patchId: string
        readonly proof: string
        readonly lines: { readonly added: number; readonly removed: number }
      }
    | { readonly kind: 'moved'; readonly head: string }
    /** It says no, or nobody would know what lands. */
    | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  >
}
