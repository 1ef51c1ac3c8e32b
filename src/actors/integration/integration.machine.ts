// An integration branch: a target of its own for the work below an epic, which then lands as a whole. Rules: SPEC.md.
//
// Always:    it hands itself in to the rig's Refinery as an assignment does, and is told what came of it in the same words.

import { setup } from 'xstate'
import { beadOwner, epicOf, integrationOwner, refinery, rigOf, rigOwner } from '../../events/address.ts'
import type { Previous } from '../../events/define.ts'
import type { MergeMethod } from '../../events/integration-settings.ts'
import {
  ACTIONS,
  type Deciding,
  type Event,
  type MachineDef,
  OPTIONS,
  typesOf,
  UNEXPECTED,
  writing,
} from '../machine.ts'

type IntegrationContext = {
  rig: string
  epic: string
  branch: string
  /** Prefix of the beads that it makes. */
  prefix: string
  /** Who asked that it lands. */
  by: string
  method: MergeMethod
  /** What of it is to land, or has. */
  head: string
  attempts: number
  reworks: number
}

const { does, when } = writing<IntegrationContext>()

const create = { target: 'creating', actions: does('integration.create', begin) } as const
const notThere = {
  actions: does('integration.land', ({ epic }, _, to) =>
    to.refuse('INTEGRATION_NOT_FOUND', `${epic} has no integration branch.`),
  ),
} as const

const machine = setup({ types: typesOf<IntegrationContext>(), actions: ACTIONS }).createMachine({
  id: 'integration',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => ({
    rig: rigOf(input.address) ?? '',
    epic: epicOf(input.address) ?? '',
    branch: '',
    prefix: '',
    by: '',
    method: 'merge',
    head: '',
    attempts: 0,
    reworks: 0,
  }),
  states: {
    absent: { on: { 'integration.create': create, 'integration.land': notThere } },
    creating: {
      on: {
        'branch.created': { target: 'open', actions: does('branch.created', created) },
        'branch.notCreated': { target: 'absent', actions: does('branch.notCreated', notCreated) },
        'effect.failed': { target: 'absent', actions: does('effect.failed', notCreated) },
      },
    },
    open: {
      on: {
        'integration.land': { target: 'looking', actions: does('integration.land', look) },
        // Work landed on it, and the rig wants it to land by itself.
        'integration.advanced': { target: 'considering', actions: does('integration.advanced', lookAtIt) },
        // The epic or the Refinery would not: somebody was quicker.
        'tell.refused': {},
      },
    },
    /** May it land by itself? */
    considering: {
      on: {
        'branch.seen': [
          {
            guard: when('branch.seen', (_, { reasons }) => reasons.length === 0),
            target: 'open',
            actions: does('branch.seen', landByItself),
          },
          { target: 'open' },
        ],
        'branch.notSeen': { target: 'open' },
        'effect.failed': { target: 'open' },
        'integration.advanced': {},
        'integration.land': { target: 'looking', actions: does('integration.land', look) },
      },
    },
    /** A person wants it to land: is there anything against it, and where does it stand? */
    looking: {
      on: {
        'branch.seen': [
          {
            guard: when('branch.seen', (_, { reasons }) => reasons.length > 0),
            target: 'open',
            actions: does('branch.seen', (context, { reasons }, to) =>
              giveUp(context, { code: 'INTEGRATION_NOT_READY', message: reasons.join(' ') }, to),
            ),
          },
          { target: 'landing', actions: does('branch.seen', handIn) },
        ],
        'branch.notSeen': { target: 'open', actions: does('branch.notSeen', giveUp) },
        'effect.failed': { target: 'open', actions: does('effect.failed', giveUp) },
      },
    },
    /** With the rig's Refinery. */
    landing: {
      on: {
        'sandbox.close': { target: 'removing', actions: does('sandbox.close', landed) },
        'sandbox.rework': {
          target: 'open',
          actions: does('sandbox.rework', (context, { previous }, to) => askRework(context, previous, to)),
        },
        'sandbox.giveUp': {
          target: 'open',
          actions: does('sandbox.giveUp', (context, { reason }, to) =>
            askRework(context, { note: reason }, to),
          ),
        },
        'sandbox.reject': {
          target: 'open',
          actions: does('sandbox.reject', (context, { reason }, to) =>
            giveUp(
              context,
              { code: 'REJECTED', message: reason === '' ? 'A person rejected it.' : reason },
              to,
            ),
          ),
        },
      },
    },
    /** All of it is in the target; the branch goes. */
    removing: {
      on: {
        'branch.removed': {
          target: 'landed',
          actions: does('branch.removed', (context, { head }, to) =>
            to.fact({ type: 'IntegrationBranchRemoved', ...about(context), head }),
          ),
        },
        'branch.kept': { target: 'landed', actions: does('branch.kept', kept) },
        'effect.failed': { target: 'landed', actions: does('effect.failed', kept) },
      },
    },
    landed: { on: { 'integration.create': create, 'integration.land': notThere } },
  },
  on: {
    'integration.create': {
      actions: does('integration.create', ({ epic, branch }, _, to) =>
        to.refuse('INTEGRATION_EXISTS', `${epic} has an integration branch already, ${branch}.`),
      ),
    },
    'integration.land': {
      actions: does('integration.land', ({ branch }, _, to) =>
        to.refuse('INTEGRATION_LANDING', `${branch} is about to land, or is being made.`),
      ),
    },
    // Said by its Refinery while it lands.
    'integration.advanced': {},
    '*': UNEXPECTED,
  },
})

export const integration: MachineDef = { name: 'integration', version: 1, machine, live: false }

type To = Deciding<IntegrationContext>
type Failure = { readonly code: string; readonly message: string }

const about = ({ rig, epic, branch }: IntegrationContext) => ({ rig, epic, branch })

function begin(context: IntegrationContext, { branch, prefix }: Event<'integration.create'>, to: To): void {
  to.set({ branch, prefix, head: '', attempts: 0 })
  to.effect('branch.create', { ...about(context), branch })
}

function created(context: IntegrationContext, { head, base }: Event<'branch.created'>, to: To): void {
  const { rig, epic, branch } = context
  to.fact({ type: 'IntegrationCreated', ...about(context), head, base })
  to.tell({ to: rigOwner(rig), message: { type: 'rig.openBranch', epic, branch } })
  to.tell({ to: refinery(rig, epic), message: { type: 'refinery.unseal' } })
}

function notCreated(context: IntegrationContext, { code, message }: Failure, to: To): void {
  to.fact({ type: 'IntegrationNotCreated', ...about(context), code, message })
}

function lookAtIt(context: IntegrationContext, _: unknown, to: To): void {
  to.effect('branch.look', about(context))
}

/** Asked of all three in one turn, as when a person says so. */
function landByItself(
  { rig, epic, method }: IntegrationContext,
  { head }: Event<'branch.seen'>,
  to: To,
): void {
  to.tell(
    { to: beadOwner(epic), message: { type: 'bead.handIn', head } },
    { to: integrationOwner(rig, epic), message: { type: 'integration.land', method } },
    { to: refinery(rig, epic), message: { type: 'refinery.seal', epic } },
  )
}

function look(context: IntegrationContext, { method, meta }: Event<'integration.land'>, to: To): void {
  to.set({ by: meta.by, method })
  to.fact({ type: 'IntegrationLandingAsked', ...about(context), by: meta.by })
  lookAtIt(context, null, to)
}

function handIn(context: IntegrationContext, { head }: Event<'branch.seen'>, to: To): void {
  const { rig, epic, branch, by, method } = context
  const attempt = context.attempts + 1
  to.set({ head, attempts: attempt })
  to.tell({
    to: refinery(rig),
    message: {
      type: 'MERGE_READY',
      bead: epic,
      sandbox: integrationOwner(rig, epic),
      agent: by,
      branch,
      head,
      attempt,
      method,
    },
  })
}

/** All of it is in the target: work below the epic goes there from now on. */
function landed(context: IntegrationContext, { commit, head }: Event<'sandbox.close'>, to: To): void {
  const { rig, epic } = context
  to.fact({ type: 'IntegrationLanded', ...about(context), commit, head })
  to.tell(
    { to: rigOwner(rig), message: { type: 'rig.closeBranch', epic } },
    { to: refinery(rig, epic), message: { type: 'refinery.retire' } },
  )
  to.effect('branch.remove', { ...about(context), head })
}

function kept(context: IntegrationContext, { code, message }: Failure, to: To): void {
  to.fact({ type: 'IntegrationBranchKept', ...about(context), code, message })
}

/** It does not land now: the epic is open, and work may go on below it. */
function giveUp(
  context: IntegrationContext,
  { code, message }: Failure,
  to: To,
  files: readonly string[] = [],
  rework: string | null = null,
): void {
  const { rig, epic } = context
  to.fact({
    type: 'IntegrationNotLanded',
    ...about(context),
    code,
    message: message.slice(0, 9_000),
    files: [...files],
    rework,
  })
  const reason = message.slice(0, 1_900)
  to.tell({ to: beadOwner(epic), message: { type: 'bead.unhook', reason } })
  to.tell({ to: refinery(rig, epic), message: { type: 'refinery.unseal' } })
}

/** Nobody works on the branch itself: what it needs is a bead below its epic, which lands on it. */
function askRework(context: IntegrationContext, previous: Previous, to: To): void {
  const { rig, epic, branch, prefix } = context
  const { gate, logTail, conflictFiles = [], note } = previous
  const reworks = context.reworks + 1
  const rework = `${epic.startsWith(prefix) ? epic.slice(0, 48) : prefix}-rework-${reworks}`
  const conflicts = conflictFiles.length > 0
  const message = conflicts
    ? 'The target changed the same lines.'
    : (note ?? `${gate ?? 'A gate'} is red on what landing it would give.`)
  to.set({ reworks })
  const description = [
    `${branch} does not land on the target of ${rig}: ${message}`,
    'Merge the target into your branch, make the gates green and hand it in; then the integration branch may land again.',
    ...(conflicts ? ['Files that conflict:', ...conflictFiles.map((file) => `- ${file}`)] : []),
    ...(logTail === undefined ? [] : [`The end of what ${gate ?? 'the gate'} said:`, logTail]),
  ].join('\n')
  to.tell({
    to: beadOwner(rework),
    message: {
      type: 'bead.create',
      rig,
      title: `Make ${branch} fit the target again`.slice(0, 500),
      description: description.slice(0, 50_000),
      beadType: 'task',
      priority: 1,
      labels: ['rework'],
      parent: epic,
      needs: [],
    },
  })
  const code = conflicts ? 'CONFLICT' : gate === undefined ? 'NOT_LANDED' : 'GATE_FAILED'
  giveUp(context, { code, message }, to, conflictFiles, rework)
}
