// Git work and gates, as the town sees them: the worker process behind src/git, or the simulator.
//
// Every operation may be asked again with the same arguments after a crash, and then either finds that it has
// happened or does it again with the same result. Nothing here decides; refusals are codes.

/** Where a rig's landings go. `url` is what git pushes to; a local one is a path on this machine. */
export type Remote = {
  /** `origin`: pushed to a remote or a bare repository. `local`: a person's own working repository. */
  readonly kind: 'origin' | 'local'
  readonly url: string
}

export type GateSpec = {
  readonly name: string
  /** Argument vector; no shell. */
  readonly command: readonly string[]
  readonly timeoutMs: number
  /** What it is, in its owner's word. */
  readonly kind?: string | undefined
  /** false: its red stops nothing. */
  readonly required?: boolean | undefined
  /** It runs when one of the paths that change fits one of these. */
  readonly paths?: readonly string[] | undefined
  /** It may run beside others that may. */
  readonly parallel?: boolean | undefined
  /** Names of the gates that it waits for; without them it waits for all before it. */
  readonly after?: readonly string[] | undefined
  /** Bytes of its output that are kept. */
  readonly outputMax?: number | undefined
  /** Path or pattern of the JUnit reports that it writes. */
  readonly junit?: string | undefined
}

export type SetupSpec = {
  readonly command: readonly string[]
  readonly timeoutMs: number
  /** Paths whose content decides whether the Refinery's clone runs setup again. Empty: known lockfiles. */
  readonly inputs: readonly string[]
}

export type RigInspection = {
  readonly remote: Remote
  /** The repository on this machine that was named, or null for a URL. Ignored files are copied from it. */
  readonly source: string | null
  /** Branch that would be the target: the one asked for, else the remote's HEAD. */
  readonly target: string
  readonly head: string
  /** Proposed test command with where it was read from, or null. */
  readonly proposedTest: { readonly command: readonly string[]; readonly source: string } | null
  /** Branches of the remote, at most 50. */
  readonly branches: readonly string[]
}

export type WorktreeState = {
  readonly head: string
  readonly branch: string | null
  /** Changed, staged or untracked paths, at most 20. */
  readonly dirty: readonly string[]
  /** Commits of the branch that the target does not have. */
  readonly commits: number
  /** Head of the target this was compared with. */
  readonly target: string
  /** Where it was asked for: ignored files that would not be kept if the worktree went. */
  readonly unkept?: IgnoredKept['leftOut']
}

export type GateResult = {
  readonly name: string
  readonly command: readonly string[]
  readonly exitCode: number | null
  readonly durationMs: number
  /** Last lines of its output, at most 8 KB unless it says otherwise, control characters neutralised. */
  readonly logTail: string
  /** `skipped`: nothing that changes concerns it. */
  readonly outcome: 'passed' | 'failed' | 'timedOut' | 'notStarted' | 'skipped'
  readonly kind?: string
  readonly required?: boolean
  /** Digest of its definition. */
  readonly version?: string
  /** It was not run: it passed on this very tree then (ISO time), and took so long. */
  readonly cached?: { readonly at: string; readonly durationMs: number }
  /** Of its JUnit reports. `complete`: all of them were read, and `red` names all that were red. */
  readonly tests?: {
    readonly ran: number
    readonly red: readonly string[]
    readonly skipped: number
    readonly complete: boolean
  }
}

export type Author = { readonly name: string; readonly email: string }

export type KeepInput = {
  readonly rig: string
  readonly path: string
  readonly branch: string
  readonly name: string
  /** Commit that `changed` is counted from. */
  readonly base?: string | null
}

export type KeptState = {
  readonly ref: string
  readonly commit: string
  /** Files that are not in the commit that is checked out. */
  readonly files: number
  /** Files that differ from `base`, or null when that is not known. */
  readonly changed: number | null
  /** False when it holds what the last one held. */
  readonly isNew: boolean
}

/** `commit`: one of the earlier checkpoints of that name instead of the last. */
export type KeptName = {
  readonly rig: string
  readonly name: string
  readonly branch: string
  readonly commit?: string | null
  /** Commits of refs that were taken away (`reapKept`), as they were told then: used where no ref is left. */
  readonly reaped?: readonly string[]
}

/** What git ignores of a worktree that is gone, kept beside git. */
export type IgnoredKept = {
  /** At most 100. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[]
  /** All of them. */
  readonly count: number
  readonly bytes: number
  /** What was not kept: too large, too many, no file, or not to be read. At most 20 of the paths. */
  readonly leftOut: { readonly count: number; readonly bytes: number; readonly paths: readonly string[] }
}

/** All but its name is null when the object is gone. */
export type AuditedCommit = {
  readonly commit: string
  readonly author: Author | null
  /** ISO time at which it was written. */
  readonly at: string | null
  /** At most 300 characters, as they are. */
  readonly title: string | null
}

export type ChangeStat = {
  /** At most 500. `added` and `removed` are lines, null for what is no text. */
  readonly files: readonly {
    readonly path: string
    readonly added: number | null
    readonly removed: number | null
  }[]
  /** All files, and the lines of all of them. */
  readonly changed: number
  readonly added: number
  readonly removed: number
}

export type BranchOf = {
  readonly rig: string
  readonly remote: Remote
  readonly target: string
  readonly branch: string
}

/** What settled a conflict. */
export type Resolve = 'rebase' | 'rerere' | 'mergiraf'
export type Resolution = {
  readonly by: Resolve
  /** Those that conflicted. */
  readonly files: readonly string[]
  /** Name and version of the program that did it, as it says itself. */
  readonly tool?: string
}

export interface Repositories {
  /** Looks at a URL or path before a rig is made of it. Changes nothing. `local`: land in the path itself. */
  inspectRig(input: {
    readonly source: string
    readonly local: boolean
    readonly target: string | null
  }): Promise<RigInspection>

  /** Makes the rig's bare clone and the Refinery's own clone. */
  cloneRig(input: { readonly rig: string; readonly remote: Remote; readonly target: string }): Promise<{
    readonly head: string
  }>

  /** Head of the target at the remote, and whether it moved since the bare clone last saw it. */
  targetHead(input: { readonly rig: string; readonly remote: Remote; readonly target: string }): Promise<{
    readonly head: string
  }>

  /**
   * Fetches, adds a worktree with a new branch at `origin/<target>`, copies ignored files, runs setup.
   * An existing worktree of that path and branch is kept as it is (its work is never thrown away).
   */
  addWorktree(input: {
    readonly rig: string
    readonly remote: Remote
    readonly target: string
    readonly path: string
    readonly branch: string
    /** Where `copy` is looked for first: the person's own repository, or null. */
    readonly source: string | null
    readonly copy: readonly string[]
    readonly setup: SetupSpec | null
    /** Environment of setup; nothing is inherited. */
    readonly env: Readonly<Record<string, string>>
    /**
     * Begins there instead of at the target: a branch at `head`, with the files of `files`, uncommitted beyond it, and
     * with the ignored files that are kept under `name`.
     */
    readonly from?: { readonly head: string; readonly files: string; readonly name?: string }
  }): Promise<{ readonly base: string; readonly head: string }>

  /** Does in a worktree that a fork restored what making one ends with: copies ignored files, runs setup. Once. */
  finishWorktree(input: {
    readonly rig: string
    readonly path: string
    readonly source: string | null
    readonly copy: readonly string[]
    readonly setup: SetupSpec | null
    /** Environment of setup; nothing is inherited. */
    readonly env: Readonly<Record<string, string>>
  }): Promise<{ readonly finished: true }>

  /**
   * State of a worktree, read without running anything an agent could have configured (own config, own index).
   */
  inspectWorktree(input: {
    readonly rig: string
    readonly path: string
    readonly branch: string
    readonly target: string
    readonly unkept?: boolean
  }): Promise<WorktreeState>

  /** Puts everything of a worktree, uncommitted files too, under `refs/gt/checkpoints/<name>` of the bare clone. */
  checkpoint(input: KeepInput): Promise<KeptState>

  /**
   * Takes a worktree and its branch away without proof that they have landed: all of it is under a checkpoint first,
   * and `head`, where the branch stood, under `refs/gt/removed/<branch>`. Safe to call twice.
   */
  shelveWorktree(input: KeepInput): Promise<KeptState & { readonly head: string }>

  /** What is kept under a name, against `against` (what landed, or what the work began at). */
  showKept(input: KeptName & { readonly against: string | null }): Promise<{
    readonly commit: string
    readonly head: string
    /** At most 500. `added` and `removed` are lines, null for what is no text. */
    readonly files: readonly {
      readonly path: string
      readonly added: number | null
      readonly removed: number | null
    }[]
    /** All of them. */
    readonly changed: number
    /** Checkpoints of that name, newest first, at most 10. */
    readonly checkpoints: readonly { readonly commit: string; readonly at: string }[]
    /** Null: nothing was ignored, or the worktree is there. A worker of an earlier version does not say. */
    readonly ignored?: IgnoredKept | null
  }>

  /** Which commit a line is of, as of `commit` of the target. `path` is relative to the repository's top. */
  blameLine(input: {
    readonly rig: string
    readonly commit: string
    readonly path: string
    /** Counted from 1. */
    readonly line: number
  }): Promise<{
    readonly commit: string
    /** At most 500 characters, as they are. */
    readonly text: string
    readonly author: Author
    /** ISO time. */
    readonly at: string
    readonly subject: string
    /** What the message's trailers say, which anybody may have written. */
    readonly bead: string | null
    readonly receipt: string | null
  }>

  /**
   * Holds the target's own history (first parents) after `since` against receipts, and finds receipts whose commit the
   * target no longer has. Fetches the target first.
   */
  auditTarget(input: {
    readonly rig: string
    readonly remote: Remote
    readonly target: string
    /** Commit of the target after which each must have a receipt. Null: there is none, and all of its history is walked. */
    readonly since: string | null
    /** As the target stood there, and nothing is fetched; null: as it stands now. */
    readonly head: string | null
    /** `request`: the merge request, as the trailer `Receipt` of its commits has it. */
    readonly receipts: readonly { readonly commit: string; readonly base: string; readonly request: string }[]
  }): Promise<{
    readonly head: string
    /** Why the remote could not be asked: then `head` is where it stood when it was last seen. */
    readonly stale: string | null
    /** Commit after which the walk began: `since`, or the last that the target shares with it. */
    readonly from: string | null
    /** The target no longer has `since`: its history was written anew. */
    readonly rewritten: boolean
    /** Commits that were looked at. */
    readonly walked: number
    /** Newest first, at most 500. */
    readonly unreceipted: readonly AuditedCommit[]
    readonly unreceiptedCount: number
    /** Commits of receipts that the target does not have, at most 500. */
    readonly gone: readonly AuditedCommit[]
    readonly goneCount: number
  }>

  /** What a commit has beyond another: its files, and the lines of each. Changes nothing. */
  showChange(input: {
    readonly rig: string
    /** `head` is held against where it parted from it. */
    readonly base: string
    readonly head: string
  }): Promise<ChangeStat>

  /**
   * Takes away what is kept of work that has landed, where that is proved once more: refs, which can be set again to
   * the commits that are told, and, when it is asked for, ignored files, which cannot come back.
   */
  reapKept(input: {
    readonly rig: string
    readonly target: string
    readonly entries: readonly {
      readonly name: string
      readonly branch: string
      /** What was handed in, and the commit that carries it. */
      readonly head: string
      readonly landed: string
    }[]
    readonly ignored: boolean
    /** ms since the epoch: notes of settled conflicts that are older go, when nobody has their work; null: none. */
    readonly notesBefore: number | null
    /** Nothing goes; the answer is what would. */
    readonly dryRun: boolean
  }): Promise<{
    readonly reaped: readonly {
      readonly name: string
      readonly refs: readonly { readonly ref: string; readonly commit: string }[]
      readonly bytes: number
    }[]
    readonly stays: readonly { readonly name: string; readonly why: string }[]
    readonly notes: number
  }>

  /**
   * Makes a new branch of the rig's repository, or a folder outside of the town, with exactly what is kept under a
   * name; a folder has the ignored files, too. Nothing that is there is overwritten.
   */
  bringBack(
    input: KeptName & {
      readonly to:
        | { readonly kind: 'branch'; readonly name: string }
        | { readonly kind: 'folder'; readonly path: string }
    },
  ): Promise<{
    readonly commit: string
    readonly repository: string
    readonly files: number
    /** Ignored files that are in the folder too; of a branch, that it cannot have. */
    readonly ignored?: number
  }>

  /**
   * Puts `head` onto the current target, by default as one commit, without a checkout of the agent's.
   * `author` is the worker, `committer` the Refinery; `message` has the trailers.
   */
  buildMerge(input: {
    readonly rig: string
    readonly remote: Remote
    readonly target: string
    readonly branch: string
    readonly head: string
    readonly message: string
    readonly author: Author
    readonly committer: Author
    /** ms since the epoch; makes the commit the same when it is built again on the same base. */
    readonly date: number
    /** A commit that was built before: it is built upon that one instead of on the target. */
    readonly onto?: string | undefined
    /** Default `squash`. Where the commits of a branch cannot be replayed one by one, `rebase` makes one of them too. */
    readonly method?: 'squash' | 'rebase' | 'merge' | undefined
    /** Takes these landings back, in one commit, instead of landing `head`: what each changed from its base on. */
    readonly revert?:
      | { readonly of: readonly { readonly base: string; readonly commit: string }[] }
      | undefined
    /** What is tried where it conflicts, in this order; nothing when it is left out. */
    readonly resolve?: readonly Resolve[] | undefined
  }): Promise<
    | {
        readonly kind: 'built'
        readonly commit: string
        readonly tree: string
        readonly base: string
        /** Of a revert: the commit that was merged; the same for the same landings. */
        readonly head?: string
        /** It conflicted, and this settled it. */
        readonly resolved?: Resolution
      }
    | { readonly kind: 'conflicted'; readonly base: string; readonly files: readonly string[] }
    /** Nothing is left to land: the target already has it. */
    | { readonly kind: 'empty'; readonly base: string }
  >

  /**
   * Checks the commit out in the Refinery's clone, runs setup when its inputs changed, then the gates in their order.
   * Nothing is run for what is known to have passed on this tree (`cache`).
   */
  runGates(input: {
    readonly rig: string
    readonly commit: string
    /** Name of a checkout of its own, in which gates run beside those of others; the Refinery's own when left out. */
    readonly checkout?: string
    readonly setup: SetupSpec | null
    readonly gates: readonly GateSpec[]
    readonly env: Readonly<Record<string, string>>
    /** What changes from there says which gates apply; without it all do. */
    readonly base?: string | null | undefined
    readonly cache?: boolean | undefined
    /** How many gates run at a time of those that may; 2 when left out. */
    readonly parallel?: number | undefined
    /** Commands that say which tools there are; what passed with other tools is run again. */
    readonly toolchain?: readonly (readonly string[])[] | undefined
  }): Promise<{ readonly tree: string; readonly results: readonly GateResult[] }>

  /**
   * Builds as many of `requests` as fit one upon the other on `onto`, up to `batch`, and runs the gates on the highest in
   * a second checkout, or in the first while no real run wants it. Of the results passes alone are kept.
   * With `stacks` it goes on with those that are left, upon what it built, as long as stacks are full and pass. A run
   * that is under way for that target is ended first.
   *
   * @throws {RepositoryError} `AHEAD_ENDED`: by `endAhead`, or by another one that was asked for
   */
  runAhead(
    input: Pick<BuildInput, 'rig' | 'remote' | 'target' | 'committer' | 'date'> &
      Pick<GatesInput, 'setup' | 'gates' | 'env' | 'parallel' | 'toolchain'> & {
        readonly onto: string
        readonly batch: number
        /** So many of them, each upon the one before; one when left out. */
        readonly stacks?: number | undefined
        readonly requests: readonly (Pick<
          BuildInput,
          'branch' | 'head' | 'message' | 'author' | 'method' | 'revert' | 'resolve'
        > & { readonly id: string })[]
      },
  ): Promise<{
    /** `conflicted`: none of them fits. Of several stacks that of the highest that was tested. */
    readonly outcome: 'passed' | 'red' | 'conflicted'
    readonly commit: string | null
    readonly tree: string | null
    /** Ids of those that were built, the lowest first. */
    readonly built: readonly string[]
    /** Stacks below that one, the lowest first; all of them have passed. */
    readonly below?: readonly {
      readonly commit: string
      readonly tree: string
      readonly built: readonly string[]
      readonly durationMs: number
    }[]
  }>

  /** Ends what `runAhead` does for that target, with all that it runs. Safe to call when nothing is under way. */
  endAhead(input: { readonly rig: string; readonly target: string }): Promise<{ readonly ended: true }>

  /**
   * Advances the target from `base` to `commit` by compare-and-swap, reads it back, and proves that the patch of
   * `base..commit` equals the patch of the branch (patch-id). With `parts` each of them is proved, from the one below it.
   */
  pushTarget(input: {
    readonly rig: string
    readonly remote: Remote
    readonly target: string
    readonly base: string
    readonly commit: string
    readonly head: string
    /** Several that are built one upon the other from `base`, the lowest first; the last is `commit` with `head`. */
    readonly parts?: readonly { readonly commit: string; readonly head: string }[] | undefined
  }): Promise<
    | {
        readonly kind: 'landed'
        readonly head: string
        readonly patchId: string
        readonly proof: string
        /** What the patch adds and takes away; a worker of an earlier version does not say. */
        readonly lines?: { readonly added: number; readonly removed: number }
        /** Of each of `parts`, in their order. */
        readonly parts?: readonly {
          readonly patchId: string
          readonly proof: string
          readonly lines?: { readonly added: number; readonly removed: number }
        }[]
      }
    /** The target is no longer at `base`. */
    | { readonly kind: 'moved'; readonly head: string }
    /** A local target is checked out in a tree that is not clean; nothing was changed. */
    | { readonly kind: 'dirty'; readonly path: string; readonly files: readonly string[] }
    /** The remote refused (permission, hook). */
    | { readonly kind: 'refused'; readonly message: string }
  >

  /**
   * Removes worktree and branch, with proof: `head` is in a landed commit whose patch is in the target. What is in
   * the worktree beyond `head` is kept under a checkpoint ref first. Safe to call twice.
   */
  removeWorktree(input: {
    readonly rig: string
    readonly path: string
    readonly branch: string
    readonly head: string
    readonly target: string
    readonly landed: string
    readonly name: string
  }): Promise<{ readonly removed: true; readonly checkpoint: string | null }>

  /** Makes a branch at the remote where its target stands. One that the target has all of is taken as it is. */
  createBranch(input: BranchOf): Promise<{ readonly head: string; readonly base: string }>

  /** Where a branch of the remote stands, and by how many commits it and its target are apart. Fetches both. */
  lookAtBranch(input: BranchOf): Promise<{
    readonly head: string
    readonly base: string
    /** Commits of the branch that the target does not have, and the other way round. */
    readonly ahead: number
    readonly behind: number
  }>

  /** Takes a branch away from the remote, where it stands at `head` and its target has that. Safe to call twice. */
  removeBranch(
    input: BranchOf & { readonly head: string /** Of its gates. */; readonly checkout: string },
  ): Promise<{ readonly removed: true }>

  /**
   * Checks out exactly that commit for a reviewer, without a branch, but for what agent programs read by themselves:
   * that is as `base` has it. What was there is thrown away.
   */
  addReviewTree(input: {
    readonly rig: string
    readonly path: string
    readonly base: string
    readonly commit: string
  }): Promise<{ readonly path: string }>

  /** Throws that checkout away. Safe to call twice. */
  removeReviewTree(input: {
    readonly rig: string
    readonly path: string
  }): Promise<{ readonly removed: true }>
}

type BuildInput = Parameters<Repositories['buildMerge']>[0]
type GatesInput = Parameters<Repositories['runGates']>[0]

export type RepositoryErrorCode =
  | 'NOT_A_REPOSITORY'
  | 'REPOSITORY_EMPTY'
  | 'TARGET_NOT_FOUND'
  | 'REMOTE_UNREACHABLE'
  | 'REMOTE_HAS_NO_ORIGIN'
  | 'WORKTREE_MISSING'
  | 'BRANCH_MISSING'
  | 'WORK_UNUSABLE'
  | 'BRANCH_EXISTS'
  | 'BRANCH_REFUSED'
  | 'SETUP_FAILED'
  | 'NOT_PROVED'
  | 'NOTHING_KEPT'
  | 'LINE_NOT_FOUND'
  | 'RESTORE_TARGET_TAKEN'
  | 'GIT_TOO_OLD'
  /** Of a rig that is to be forked, what must be there is gone. */
  | 'FORK_RIG_LOST'
  /** Work of a rig that would rejoin stands on what the real target does not have. */
  | 'REJOIN_WORK_OPEN'
  /** A forge (ports/forge.ts): where it is, with what token, and what it answered. */
  | 'FORGE_NOT_SET'
  | 'FORGE_TOKEN_MISSING'
  | 'FORGE_UNREACHABLE'
  | 'FORGE_REFUSED'
  | 'FORGE_BUSY'
  | 'FORGE_MOVED'
  | 'FORGE_NOT_FOUND'
  | 'FORGE_SAYS_NO'
  | 'FORGE_ANSWER_UNREADABLE'
  /** Somebody else put commits on the branch of a pull request of ours. */
  | 'PULL_BRANCH_TAKEN'
  /** What was tested ahead is not wanted any more. */
  | 'AHEAD_ENDED'
  | 'GIT_FAILED'
  /** There is no room for the Refinery's checkout, or was none while a gate ran. */
  | 'DISK_FULL'
  | 'DISK_READ_ONLY'
  | 'NAME_INVALID'
  /** The worker ended before it answered; ask again. */
  | 'WORKER_GONE'

export class RepositoryError extends Error {
  override readonly name = 'RepositoryError'
  readonly code: RepositoryErrorCode
  readonly details: Readonly<Record<string, unknown>>
  constructor(code: RepositoryErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.details = details
  }
}
