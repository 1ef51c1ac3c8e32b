// A model of a forge: pull requests of one rig, judged yes, no or late by what they are of, and merged by a commit of its own.
//
// Always:    what it says of a commit it says again; asked to merge what it has merged, it says so.

import type { EffectParams } from '../../src/events/index.ts'
import type { AnyMessage } from '../../src/events/record.ts'
import type { Repository } from './repository.ts'
import type { World } from './world.ts'

type Pull = { readonly bead: string; commit: string; looks: number; merged: string | null }
type Ask = {
  readonly world: World
  readonly fails: (chance: number) => boolean
  readonly answer: (message: AnyMessage) => void
}
const AWAY = { code: 'FORGE_UNREACHABLE', message: 'the forge does not answer' } as const

/** Looks after which a late check has passed. */
const LATE_LOOKS = 2

const pullsOf = new WeakMap<Repository, Pull[]>()

function pulls(repository: Repository): Pull[] {
  const found = pullsOf.get(repository) ?? []
  pullsOf.set(repository, found)
  return found
}

export function openPull(
  { world, fails, answer }: Ask,
  { rig, bead, commit }: EffectParams<'pull.open'>,
): void {
  if (fails(0.1)) return answer({ type: 'pull.notOpened', ...AWAY })
  const all = pulls(world.repository(rig))
  const open = all.findIndex((one) => one.bead === bead && one.merged === null)
  const known = all[open]
  if (known === undefined) all.push({ bead, commit, looks: 0, merged: null })
  else if (known.commit !== commit) all[open] = { bead, commit, looks: 0, merged: null }
  const number = known === undefined ? all.length : open + 1
  answer({ type: 'pull.opened', number, url: `https://forge.test/${rig}/pull/${number}` })
}

export function lookAtPull({ world, fails, answer }: Ask, { rig, number }: EffectParams<'pull.look'>): void {
  const pull = pulls(world.repository(rig))[number - 1]
  if (pull === undefined || fails(0.1)) return answer({ type: 'pull.notSeen', ...AWAY })
  pull.looks += 1
  const state = verdict(pull, world.faults.effects)
  answer({
    type: 'pull.seen',
    seen: {
      state: pull.merged === null ? 'open' : 'merged',
      draft: false,
      head: pull.commit,
      mergeable: 'yes',
      checks: [{ name: 'build', state, said: state }],
      reviews: [],
    },
  })
}

/** By the commit alone, and how often it was looked at. */
function verdict({ commit, looks }: Pull, mayRefuse: boolean): 'passed' | 'failed' | 'waiting' {
  const chance = Number.parseInt(commit.slice(0, 2), 16) / 256
  if (chance < 0.15 && mayRefuse) return 'failed'
  return chance < 0.5 && looks < LATE_LOOKS ? 'waiting' : 'passed'
}

export function mergePull({ world, fails, answer }: Ask, params: EffectParams<'pull.merge'>): void {
  const { rig, mergeRequest, number, base, commit } = params
  const repository = world.repository(rig)
  const pull = pulls(repository)[number - 1]
  const refused = { type: 'target.refused', mergeRequest, ...AWAY } as const
  if (pull === undefined || fails(0.05)) return answer(refused)
  if (pull.merged === null) {
    if (repository.head !== base) return answer({ type: 'target.moved', mergeRequest, head: repository.head })
    if (pull.commit !== commit || fails(0.05))
      return answer({ type: 'pull.notMerged', mergeRequest, code: 'PULL_NOT_MERGEABLE', message: 'no' })
    if (verdict(pull, world.faults.effects) !== 'passed')
      world.checker.violated(`${mergeRequest} is merged at ${commit}, and the forge had not said yes`)
    pull.merged = repository.mergedAs(commit)
    world.note(`landed ${pull.merged}`)
    world.checker.pushed(rig, base, [pull.merged])
    // It happened, and the connection broke before anybody could be told.
    if (fails(0.1)) return answer(refused)
  }
  answer({
    type: 'target.advanced',
    mergeRequest,
    head: repository.head,
    patchId: commit,
    proof: 'same patch',
    merged: { commit: pull.merged, tree: repository.treeOf(pull.merged) },
  })
}
