// What must be true of a target whatever happens to its queue: held against git itself, against files whose trees are
// computed here, and against what the gate wrote down.
//
// Owns:      what everybody committed, and the files of each commit of the target.
// Does not:  believe a receipt, a fact or a state: each is held against what it is about.

import { lastPart } from '../../src/events/address.ts'
import type { Repository } from './repository.ts'
import type { QueueTown } from './town.ts'
import { type Change, changed, type Files, mergedFiles, treeOf } from './trees.ts'

/** `after`: the files of the commit that was handed in; `fork`: those of the commit of the target it stands on. */
export type Submission = {
  readonly bead: string
  readonly fork: Files
  readonly after: Files
}
type Landing = { readonly base: string; readonly commit: string; readonly bead: string }
type Receipt = { readonly commit: string; readonly tree: string; readonly base: string }
type Pushed = { readonly commit: string; readonly head: string; readonly tip: string }

export class Model {
  /** By the commit that was handed in. */
  readonly submissions = new Map<string, Submission>()
  /** What the bead of a revert takes back. */
  readonly reverts = new Map<string, Landing>()
  readonly outside = new Map<string, Change>()
  /** Commits whose branch was made another one by their own author. */
  readonly replaced = new Set<string>()
  readonly #files = new Map<string, Files>()
  #target: readonly string[] = []
  readonly #pushed = new Map<string, Pushed>()
  readonly #receipts = new Map<string, Receipt & { readonly bead: string }>()
  /** Beads whose work is in the target. */
  #landed = new Set<string>()
  readonly #tested = new Map<string, { readonly tree: string; readonly base: string }>()
  #frozen = false
  #seen = 0
  readonly #repository: Repository
  readonly #town: QueueTown

  constructor(repository: Repository, town: QueueTown, first: Files) {
    this.#repository = repository
    this.#town = town
    this.#files.set(repository.head, first)
    this.#target = [repository.head]
  }

  get files(): Files {
    return this.filesOf(this.#target.at(-1) ?? '')
  }

  filesOf(commit: string): Files {
    const files = this.#files.get(commit)
    if (files === undefined) throw new Error(`${commit} is not on the target`)
    return files
  }

  get head(): string {
    return this.#target.at(-1) ?? ''
  }

  /** What has landed and was not taken back. */
  get landings(): readonly Landing[] {
    return [...this.#receipts.values()].filter(
      ({ bead }) => this.#landed.has(bead) && !this.reverts.has(bead),
    )
  }

  /** Throws what is not as it must be. */
  check(): void {
    const problem = this.#town.trouble[0]
    if (problem !== undefined) throw new Error(`Trouble: ${problem}`)
    this.#readRecords()
    this.#readTarget()
    for (const { commit, tree, base, bead } of this.#receipts.values()) {
      const at = this.#target.indexOf(commit)
      if (at < 0) throw new Error(`${bead} has a receipt of ${commit}, which is not in the target`)
      if (treeOf(this.filesOf(commit)) !== tree) throw new Error(`The receipt of ${bead} names another tree`)
      if (this.#target[at - 1] !== base) throw new Error(`The receipt of ${bead} names another base`)
    }
  }

  /** When nothing is under way any more. */
  checkEnd(): void {
    this.check()
    for (const commit of this.#target.slice(1))
      if (!this.outside.has(commit) && !this.#receipts.has(commit))
        throw new Error(`${commit} is in the target without a receipt`)
    const left = this.#town.queue()
    if (left.length > 0)
      throw new Error(`${left.join()} are forgotten: ${JSON.stringify(this.#town.refinery())}`)
    const kept = this.#repository.kept()
    const heads = new Set(this.#target.map((commit) => this.#pushed.get(commit)?.head))
    for (const [head, { bead }] of this.submissions) {
      // Whoever made it may have taken it off its own branch; it can be read all the same.
      const isLeft = this.replaced.has(head) ? this.#repository.has(head) : kept.has(head)
      if (!heads.has(head) && !isLeft) throw new Error(`${head} of ${bead} is lost`)
      const isClosed = this.#town.system.owner(`beads/${bead}`)?.value === 'closed'
      if (isClosed !== this.#landed.has(bead))
        throw new Error(`${bead} is ${isClosed ? 'closed' : 'not closed'}, and in the target it is otherwise`)
    }
  }

  #readRecords(): void {
    const records = this.#town.records.slice(this.#seen)
    for (const record of records) {
      // What a thaw itself pushes is pushed to a target that is not frozen any more.
      for (const { type } of record.facts) {
        if (type === 'TargetFrozen') this.#frozen = true
        if (type === 'TargetThawed') this.#frozen = false
      }
      for (const { kind, params } of record.effects) {
        if (kind !== 'target.push') continue
        if (this.#frozen) throw new Error(`Record ${record.seq} pushes to a frozen target`)
        const tip = params as { commit: string; head: string; parts?: { commit: string; head: string }[] }
        for (const { commit, head } of tip.parts ?? [tip])
          this.#pushed.set(commit, { commit, head, tip: tip.commit })
      }
    }
    // To say whom to blame the target is read, which may be further than the record that blames.
    for (const record of records) {
      for (const fact of record.facts) {
        const { mergeRequest, bead, receipt, tree, base } = fact as unknown as {
          mergeRequest: string
          bead: string
          receipt: Receipt
          tree: string
          base: string
        }
        if (fact.type === 'MergeTesting') this.#tested.set(mergeRequest, { tree, base })
        if (fact.type === 'MergeLanded') {
          if (this.#receipts.has(receipt.commit)) throw new Error(`${receipt.commit} has two receipts`)
          this.#receipts.set(receipt.commit, { ...receipt, bead })
        }
        if (fact.type === 'MergeFailed') this.#checkBlame(mergeRequest)
      }
    }
    this.#seen = this.#town.records.length
  }

  /** Whoever is sent back by a gate broke what was green: it ran on exactly those trees. */
  #checkBlame(mergeRequest: string): void {
    const tested = this.#tested.get(mergeRequest)
    const id = lastPart(mergeRequest)
    if (tested === undefined) throw new Error(`${id} is blamed and was not built`)
    const { green, red } = this.#repository.witnessed()
    if (!red.has(tested.tree)) throw new Error(`${id} is blamed, and its tree was never red`)
    const below = this.#treeNamed(tested.base)
    if (below !== null && !green.has(below))
      throw new Error(`${id} is blamed, and what it stands on was never green`)
  }

  /** Tree of a commit of the target, or of one that was built; null for one that was built and that nobody told of. */
  #treeNamed(commit: string): string | null {
    this.#readTarget()
    const files = this.#files.get(commit)
    if (files !== undefined) return treeOf(files)
    for (const fact of this.#town.facts('MergeTesting')) if (fact.commit === commit) return String(fact.tree)
    return null
  }

  /** The target is what the landings make of it, one after the other, and what came from outside. */
  #readTarget(): void {
    if (this.#repository.head === this.head) return
    const now = this.#repository.target()
    for (const [n, commit] of this.#target.entries())
      if (now[n]?.commit !== commit) throw new Error(`${commit} was in the target and is not`)
    let files = this.files
    const trees = new Map(now.map(({ commit, tree }) => [commit, tree]))
    for (const one of now.slice(this.#target.length)) {
      const { commit, tree, bead } = one
      files = this.#replayed(files, one, trees)
      if (treeOf(files) !== tree)
        throw new Error(`${commit} (${bead}) holds other files than what landed makes`)
      this.#files.set(commit, files)
      this.#target = [...this.#target, commit]
    }
  }

  #replayed(
    files: Files,
    { commit, bead }: { readonly commit: string; readonly bead: string },
    trees: ReadonlyMap<string, string>,
  ): Files {
    const outside = this.outside.get(commit)
    if (outside !== undefined) return changed(files, outside)
    const pushed = this.#pushed.get(commit)
    if (pushed === undefined) throw new Error(`${commit} is in the target, and nobody pushed it`)
    this.#checkTip(pushed, trees)
    const reverted = this.reverts.get(bead)
    if (reverted === undefined) {
      if (this.#landed.has(bead)) throw new Error(`${bead} landed twice`)
      this.#landed.add(bead)
    } else {
      if (!this.#landed.delete(reverted.bead)) throw new Error(`${reverted.bead} is taken back twice`)
      this.#landed.add(bead)
    }
    const submission = this.submissions.get(pushed.head)
    if (reverted === undefined && submission?.bead !== bead)
      throw new Error(`${commit} lands ${pushed.head} as ${bead}`)
    const [fork, after] =
      reverted === undefined
        ? [submission?.fork, submission?.after]
        : [this.filesOf(reverted.commit), this.filesOf(reverted.base)]
    const merged = fork === undefined || after === undefined ? null : mergedFiles(fork, files, after)
    if (merged === null) throw new Error(`${commit} lands what conflicts`)
    if (treeOf(merged) === treeOf(files)) throw new Error(`${commit} lands nothing`)
    return merged
  }

  /** What was pushed had passed: the gate itself saw these files, and said so. */
  #checkTip({ tip }: Pushed, trees: ReadonlyMap<string, string>): void {
    const tree = trees.get(tip)
    // Of what is pushed together only a part is there: git does not do that.
    if (tree === undefined) throw new Error(`${tip} was pushed, and only what is below it is there`)
    if (!this.#repository.witnessed().green.has(tree))
      throw new Error(`${tip} was pushed, and its tree never passed`)
  }
}
