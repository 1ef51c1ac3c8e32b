// A model of git: the target, branches and worktrees of one rig, with what matters about them and nothing else.
//
// A tree is the set of patches in it. Two patches conflict when they change the same file and neither was made on top
// of the other; a tree is red when one of its patches is.
//
// Owns:      what is on the target, what each branch has, which trees passed the gates.
// Always:    an operation asked again with the same arguments finds that it happened, or happens the same way.

import { createHash } from 'node:crypto'

export type Patch = {
  readonly bead: string
  readonly file: string
  readonly revision: number
  readonly red: boolean
}
/** `own`: what it adds to `fork`, the commit of the target it stands on. */
type BranchCommit = { readonly fork: string; readonly own: readonly Patch[] }
type TargetCommit = {
  /** Commit that it stands on; null for the first. */
  readonly below: string | null
  readonly patches: readonly Patch[]
  readonly own: readonly Patch[]
  readonly tree: string
  /** The bead that it was made for, and commits that it takes back. */
  readonly undoes?: { readonly bead: string; readonly commits: readonly string[] }
}
export type Worktree = { readonly branch: string; dirty: string[] }

export class Repository {
  head: string
  /** Every commit the target ever stood at, oldest first. */
  readonly history: string[]
  readonly worktrees = new Map<string, Worktree>()
  readonly branches = new Map<string, string>()
  /** Trees on which every gate has run and passed, and those on which one was red. */
  readonly green = new Set<string>()
  readonly red = new Set<string>()
  /** Trees that passed while nothing depended on it: the gates are not run there again. */
  readonly known = new Set<string>()
  readonly #onTarget = new Map<string, TargetCommit>()
  readonly shelved = new Map<string, string | null>()
  readonly #onBranches = new Map<string, BranchCommit>()

  constructor(rig: string) {
    this.head = objectName(`root of ${rig}`)
    this.history = [this.head]
    this.#onTarget.set(this.head, { below: null, patches: [], own: [], tree: treeOf([]) })
  }

  addWorktree(path: string, branch: string): { base: string; head: string } {
    if (!this.worktrees.has(path)) {
      const head = this.#branchCommit(this.head, [])
      if (!this.branches.has(branch)) this.branches.set(branch, head)
      this.worktrees.set(path, { branch, dirty: [] })
    }
    const head = this.branches.get(branch) as string
    return { base: this.#branch(head).fork, head }
  }

  /** What an agent does: its patches become these, on the target as it is now when `rebase`. */
  commit(path: string, own: readonly Patch[], rebase: boolean): string {
    const { branch } = this.worktrees.get(path) as Worktree
    const fork = rebase ? this.head : this.#branch(this.branches.get(branch) as string).fork
    const head = this.#branchCommit(fork, own)
    this.branches.set(branch, head)
    return head
  }

  own(path: string): readonly Patch[] {
    const branch = this.worktrees.get(path)?.branch
    const head = branch === undefined ? undefined : this.branches.get(branch)
    return head === undefined ? [] : this.#branch(head).own
  }

  inspect(path: string): { head: string; dirty: string[]; commits: number } | null {
    const worktree = this.worktrees.get(path)
    const head = worktree === undefined ? undefined : this.branches.get(worktree.branch)
    if (worktree === undefined || head === undefined) return null
    return { head, dirty: [...worktree.dirty], commits: this.#branch(head).own.length }
  }

  /** `onto`: upon this commit instead of on the target. */
  buildMerge(
    head: string,
    onto?: string,
  ):
    | { kind: 'built'; commit: string; tree: string; base: string }
    | { kind: 'conflicted'; base: string; files: string[] }
    | { kind: 'empty'; base: string } {
    const base = onto ?? this.head
    const target = this.#target(base)
    const { fork, own } = this.#branch(head)
    const has = (patches: readonly Patch[], patch: Patch) => patches.some((one) => key(one) === key(patch))
    const left = own.filter((patch) => !has(target.patches, patch))
    if (left.length === 0) return { kind: 'empty', base }
    const since = target.patches.filter((patch) => !has(this.#target(fork).patches, patch))
    const files = left.map(({ file }) => file).filter((file) => since.some((patch) => patch.file === file))
    if (files.length > 0) return { kind: 'conflicted', base, files }
    const patches = [...target.patches, ...left]
    const tree = treeOf(patches)
    const commit = objectName(`${base} ${tree}`)
    this.#onTarget.set(commit, { below: base, patches, own: left, tree })
    return { kind: 'built', commit, tree, base }
  }

  /** Takes back what commits brought; what was made on top of it is in the way. */
  buildRevert(bead: string, commits: readonly string[], onto?: string): ReturnType<Repository['buildMerge']> {
    const base = onto ?? this.head
    const { patches: all } = this.#target(base)
    const brought = commits.flatMap((commit) => this.#target(commit).own.map(key))
    const isGone = (patch: Patch) => brought.includes(key(patch))
    const gone = all.filter(isGone)
    if (gone.length === 0) return { kind: 'empty', base }
    const files = gone
      .filter(({ file }, n) => {
        const at = all.indexOf(gone[n] as Patch)
        return all.some((patch, m) => m > at && patch.file === file && !isGone(patch))
      })
      .map(({ file }) => file)
    if (files.length > 0) return { kind: 'conflicted', base, files }
    const patches = all.filter((patch) => !isGone(patch))
    const tree = treeOf(patches)
    const commit = objectName(`${base} ${tree} for ${bead}`)
    this.#onTarget.set(commit, { below: base, patches, own: [], tree, undoes: { bead, commits } })
    return { kind: 'built', commit, tree, base }
  }

  runGates(commit: string): { tree: string; red: Patch | undefined } {
    const { tree, patches } = this.#target(commit)
    const red = patches.find((patch) => patch.red)
    return { tree, red }
  }

  push(base: string, commit: string): 'landed' | 'moved' {
    if (this.history.includes(commit)) return 'landed'
    if (this.head !== base) return 'moved'
    const above = this.#above(base, commit)
    if (above === null) throw new Error(`${commit} does not stand on ${base}`)
    this.head = commit
    this.history.push(...above)
    return 'landed'
  }

  /** A forge advances the target by a commit of its own, with what `commit` has. */
  mergedAs(commit: string): string {
    const merged = objectName(`${commit} merged by the forge`)
    this.#onTarget.set(merged, this.#target(commit))
    this.head = merged
    this.history.push(merged)
    return merged
  }

  /** The commits from `base`, which is not among them, to `commit`, the lowest first. */
  #above(base: string, commit: string): string[] | null {
    const found: string[] = []
    for (let at: string | null = commit; at !== null; at = this.#target(at).below) {
      if (at === base) return found.reverse()
      found.push(at)
    }
    return null
  }

  /** Somebody outside the town lands something. */
  pushForeign(file: string, n: number, red = false): void {
    const patch = { bead: `person-${n}`, file, revision: 1, red }
    this.#advance([...this.#target(this.head).patches, patch], [patch])
  }

  /** Somebody outside the town takes back whatever breaks the target. */
  mend(): void {
    const { patches } = this.#target(this.head)
    if (patches.some(({ red }) => red))
      this.#advance(
        patches.filter(({ red }) => !red),
        [],
      )
  }

  #advance(patches: readonly Patch[], own: readonly Patch[]): void {
    const tree = treeOf(patches)
    const commit = objectName(`${this.head} ${tree}`)
    this.#onTarget.set(commit, { below: this.head, patches, own, tree })
    this.head = commit
    this.history.push(commit)
  }

  /** False when the landed commit is not in the target: nothing is removed then. */
  removeWorktree(path: string, branch: string, landed: string): boolean {
    if (!this.history.includes(landed)) return false
    this.worktrees.delete(path)
    this.branches.delete(branch)
    return true
  }

  /** Takes a worktree away, and gives where its branch stood. */
  shelve(effect: string, path: string, branch: string): string | null {
    const head = this.branches.get(branch) ?? null
    this.shelved.set(effect, head)
    this.worktrees.delete(path)
    this.branches.delete(branch)
    return head
  }

  restore(path: string, branch: string, head: string): { base: string; head: string } {
    if (!this.branches.has(branch)) this.branches.set(branch, head)
    if (!this.worktrees.has(path)) this.worktrees.set(path, { branch, dirty: [] })
    return { base: this.#branch(head).fork, head }
  }

  treeOf = (commit: string): string => this.#target(commit).tree
  belowOf = (commit: string): string | null => this.#target(commit).below
  /** Beads whose work this commit of the target brought. */
  beadsOf = (commit: string): readonly string[] => {
    const { own, undoes } = this.#target(commit)
    return undoes === undefined ? [...new Set(own.map(({ bead }) => bead))] : [undoes.bead]
  }
  /** Beads whose work this commit of the target took out. */
  takenBackBy = (commit: string): readonly string[] =>
    (this.#target(commit).undoes?.commits ?? []).flatMap((one) => this.beadsOf(one))

  #branchCommit(fork: string, own: readonly Patch[]): string {
    const name = objectName(`${fork} + ${own.map(key).join()}`)
    this.#onBranches.set(name, { fork, own })
    return name
  }

  #branch(name: string): BranchCommit {
    const found = this.#onBranches.get(name)
    if (found === undefined) throw new Error(`The model has no branch commit ${name}`)
    return found
  }

  #target(name: string): TargetCommit {
    const found = this.#onTarget.get(name)
    if (found === undefined) throw new Error(`The model has no commit ${name}`)
    return found
  }
}

const key = ({ bead, file, revision }: Patch): string => `${bead}:${file}@${revision}`
const treeOf = (patches: readonly Patch[]): string => objectName(patches.map(key).toSorted().join('\n'))

export const objectName = (text: string): string => createHash('sha1').update(text).digest('hex')
