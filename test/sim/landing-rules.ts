// What must hold of landings whatever a Refinery keeps in mind, from the facts that everybody can read.

import { refinery } from '../../src/events/address.ts'
import type { LogRecord } from '../../src/events/record.ts'
import type { Repository } from './repository.ts'

type Settings = { readonly [key: string]: unknown }

type Part = { readonly mergeRequest: string; readonly commit: string }

export function createLandingRules(
  violated: (what: string) => void,
  repositoryOf: (rig: string) => Repository,
): (record: LogRecord) => void {
  const frozen = new Set<string>()
  const red = new Set<string>()
  const asks = new Set<string>()
  const approved = new Set<string>()
  const mending = new Set<string>()
  const beads = new Map<string, string>()
  const tested = new Map<string, Settings>()
  /** What the forge said last of a merge request. */
  const judged = new Map<string, Settings>()

  const heard: Readonly<Record<string, (fact: Settings) => void>> = {
    TargetFrozen: ({ rig }) => frozen.add(String(rig)),
    TargetThawed: ({ rig }) => frozen.delete(String(rig)),
    TargetRed: ({ rig }) => red.add(String(rig)),
    TargetMended: ({ rig }) => red.delete(String(rig)),
    RigAdded: ({ rig, settings }) => (settings as Settings)['gates.review'] && asks.add(String(rig)),
    MergeRequested: ({ mergeRequest, bead }) => beads.set(String(mergeRequest), String(bead)),
    BeadSubmitted: ({ bead }) => approved.delete(String(bead)),
    MergeTesting: (fact) => tested.set(String(fact.mergeRequest), fact),
    PullJudged: (fact) => judged.set(String(fact.mergeRequest), fact),
    DecisionAnswered: ({ bead, choice }) => choice === 'approve' && approved.add(String(bead)),
  }

  /** Whoever is sent back by a gate was red, on what was green without it: exactly those trees were run. */
  function blamed({ mergeRequest, gate }: Settings, seq: number): void {
    const fact = tested.get(String(mergeRequest))
    const rig = String(mergeRequest).split('/')[0] ?? ''
    if (fact === undefined) return violated(`${mergeRequest} is blamed at ${seq}, and was not built`)
    // A person said no.
    if (gate === 'review') return
    const said = judged.get(String(mergeRequest))
    if (said?.ok === false && said.what === gate && said.commit === fact.commit) return
    const repository = repositoryOf(rig)
    if (!repository.red.has(String(fact.tree)))
      violated(`${mergeRequest} is blamed at ${seq}, and nothing was red on ${fact.tree}`)
    const below = repository.treeOf(String(fact.base))
    if (!repository.green.has(below) && !mending.has(beads.get(String(mergeRequest)) ?? ''))
      violated(`${mergeRequest} is blamed at ${seq}, and nothing says that ${fact.base} is green`)
  }

  return ({ seq, actor, message, facts, effects, refused }) => {
    if (refused !== undefined) return
    for (const fact of facts) heard[fact.type]?.(fact)
    for (const fact of facts) if (fact.type === 'MergeFailed') blamed(fact, seq)
    if (message.type === 'refinery.fixes') {
      if (message.fixes === true) mending.add(String(message.bead))
      else mending.delete(String(message.bead))
    }
    for (const { kind, params } of effects) {
      if (kind !== 'target.push' && kind !== 'merge.build' && kind !== 'pull.merge') continue
      const rig = String(params.rig)
      if (actor !== refinery(rig)) violated(`${actor} lands in ${rig} at ${seq}`)
      const { parts = [params] } = params as { parts?: readonly Partial<Part>[] }
      for (const { mergeRequest } of kind === 'merge.build' ? [params] : parts) {
        const bead = beads.get(String(mergeRequest)) ?? String(params.bead)
        const mends = mending.has(bead)
        if (kind === 'merge.build') {
          if (red.has(rig) && !mends) violated(`${bead} is built at ${seq} on the red target of ${rig}`)
          continue
        }
        // That it is of this very commit is held where it is merged (forge.ts): a yes is kept by its tree.
        if (kind === 'pull.merge' && judged.get(String(mergeRequest))?.ok !== true)
          violated(`${bead} is merged at ${seq}, and the forge did not say yes to it`)
        if (frozen.has(rig) && !mends) violated(`${bead} is pushed at ${seq} to the frozen target of ${rig}`)
        if (asks.has(rig) && !approved.has(bead)) violated(`${bead} is pushed at ${seq}, and nobody said yes`)
      }
    }
  }
}
