// What an agent reads when it starts (prime), and what is on its hook (hook).

import { z } from 'zod'
import { bead as beadRow } from '../../projections/bead-queries.ts'
import { assignmentOf, sessionOnly, workplaceOf } from '../callers.ts'
import { command } from '../command.ts'
import { directedRules } from '../direction.ts'
import { checkpointOf, primeOf } from '../priming.ts'
import { beadShape } from '../shapes.ts'

const prime = command({
  name: 'prime',
  summary:
    'All an agent needs to begin: its bead, why this attempt begins, and the rules; or whom a person directs, who it is.',
  who: 'session',
  input: z.strictObject({}),
  async run({ town, caller: anybody }) {
    const caller = sessionOnly(anybody)
    const { role, agent, rig, path, branch } = workplaceOf(town, caller)
    if (role === 'polecat') return primeOf(town, caller)
    const rules = directedRules(role, { agent, rig, branch, folder: path }).split('\n')
    const workplace = { worktree: path, branch, ...checkpointOf(town, caller) }
    return { address: agent, role, rig, bead: null, ...workplace, rules, seq: town.system.seq }
  },
})

const hook = command({
  name: 'hook',
  summary: 'What is on the hook of the agent that asks.',
  who: 'session',
  input: z.strictObject({}),
  async run({ town, caller: anybody }) {
    const caller = sessionOnly(anybody)
    const { facts } = assignmentOf(town, caller)
    const row = beadRow(town.projections.beads.rows, facts.bead)
    return {
      address: caller.agent,
      bead: row === null ? { id: facts.bead } : beadShape(row),
      branch: facts.branch,
      worktree: facts.path,
      attempt: facts.attempt,
      reason: facts.reason,
      seq: town.system.seq,
    }
  },
})

export const primeCommands = [prime, hook]
