import { expect, test } from 'vitest'
import { decisions } from '../support/decisions.ts'
import { BASE, BEAD, COMMIT, HEAD, message, RIG, SANDBOX } from '../support/messages.ts'

const EPIC = 'sh-1'
const BRANCH = `integration/${EPIC}`
const OWN = `${RIG}/integration/${EPIC}`
const REFINERY = `${RIG}/refinery/${EPIC}`
const branch = () => decisions(OWN)
const opened = [message('integration.create'), message('branch.created')]
const asked = message('integration.land', { method: 'merge' })
const free = message('branch.seen', { head: HEAD, reasons: [] })
const landing = [...opened, asked, free]
const about = { rig: RIG, epic: EPIC, branch: BRANCH }

test('[INTEGRATION-1] a branch that is there is told to the rig, and its Refinery begins', () => {
  branch()
    .when(message('integration.create'))
    .gives({ facts: [], effects: [['branch.create', about]] })
  branch()
    .given(message('integration.create'))
    .when(message('branch.created'))
    .gives({
      facts: [{ type: 'IntegrationCreated', ...about, base: BASE }],
      tells: [
        [`rigs/${RIG}`, { type: 'rig.openBranch', epic: EPIC, branch: BRANCH }],
        [REFINERY, { type: 'refinery.unseal' }],
      ],
    })
  branch()
    .given(...opened)
    .when(message('integration.create'))
    .gives({ refused: 'INTEGRATION_EXISTS' })
})

test('[INTEGRATION-2] it hands itself in only when nothing is said against it, by the method that was asked for', () => {
  branch()
    .given(...opened)
    .when(asked)
    .gives({ effects: [['branch.look', about]] })
  branch()
    .given(...opened, asked)
    .when(free)
    .gives({
      tells: [
        [
          `${RIG}/refinery`,
          { type: 'MERGE_READY', bead: EPIC, sandbox: OWN, branch: BRANCH, head: HEAD, method: 'merge' },
        ],
      ],
    })
  branch()
    .given(...opened, asked)
    .when(message('branch.seen', { head: HEAD, reasons: ['sh-2 is open.'] }))
    .gives({
      facts: [{ type: 'IntegrationNotLanded', code: 'INTEGRATION_NOT_READY', rework: null }],
      tells: [
        [`beads/${EPIC}`, { type: 'bead.unhook' }],
        [REFINERY, { type: 'refinery.unseal' }],
      ],
    })
})

test('[INTEGRATION-3] a conflict or a red gate is a bead below the epic, and work goes on there', () => {
  branch()
    .given(...landing)
    .when(message('sandbox.rework', { reason: 'rework', previous: { conflictFiles: ['a.txt'], note: '' } }))
    .gives({
      facts: [
        { type: 'IntegrationNotLanded', code: 'CONFLICT', files: ['a.txt'], rework: `${EPIC}-rework-1` },
      ],
      tells: [
        [`beads/${EPIC}-rework-1`, { type: 'bead.create', rig: RIG, parent: EPIC }],
        [`beads/${EPIC}`, { type: 'bead.unhook' }],
        [REFINERY, { type: 'refinery.unseal' }],
      ],
    })
})

test('[INTEGRATION-4] what has landed is removed from the commit that landed, and its Refinery is retired', () => {
  branch()
    .given(...landing)
    .when(message('sandbox.close', { commit: COMMIT, head: HEAD }))
    .gives({
      facts: [{ type: 'IntegrationLanded', ...about, commit: COMMIT, head: HEAD }],
      effects: [['branch.remove', { ...about, head: HEAD }]],
      tells: [
        [`rigs/${RIG}`, { type: 'rig.closeBranch', epic: EPIC }],
        [REFINERY, { type: 'refinery.retire' }],
      ],
    })
})

test('[INTEGRATION-5] by itself it lands only when nothing is said against it', () => {
  const advanced = [...opened, message('integration.advanced')]
  branch()
    .given(...advanced)
    .when(free)
    .gives({
      tells: [
        [`beads/${EPIC}`, { type: 'bead.handIn', head: HEAD }],
        [OWN, { type: 'integration.land', method: 'merge' }],
        [REFINERY, { type: 'refinery.seal', epic: EPIC }],
      ],
    })
  branch()
    .given(...advanced)
    .when(message('branch.seen', { head: HEAD, reasons: ['sh-2 is open.'] }))
    .gives({ tells: [] })
})

const configured = message('refinery.configure', { target: BRANCH })
const ready = message('MERGE_READY')

test('[REFINERY-90] the Refinery of a branch builds on it, and counts its own requests', () => {
  decisions(REFINERY)
    .given(configured)
    .when(ready)
    .gives({
      effects: [
        ['merge.build', { rig: RIG, target: BRANCH, mergeRequest: `${RIG}/merge-requests/${EPIC}-mr-1` }],
      ],
    })
})

test('[REFINERY-91] sealed it begins nothing, and it is not sealed while work is in line', () => {
  const seal = message('refinery.seal', { epic: EPIC })
  decisions(REFINERY).given(configured, ready).when(seal).gives({ refused: 'INTEGRATION_NOT_READY' })
  decisions(REFINERY).given(configured, seal).when(ready).gives({ effects: [] })
  decisions(REFINERY)
    .given(configured, seal, ready)
    .when(message('refinery.unseal'))
    .gives({ effects: [['merge.build', { target: BRANCH }]] })
  decisions(`${RIG}/refinery`).given(configured).when(seal).gives({ refused: 'INTEGRATION_LANDING' })
})

test('[REFINERY-92] what comes to a branch that has landed goes on to the rig', () => {
  const seal = message('refinery.seal', { epic: EPIC })
  decisions(REFINERY)
    .given(configured, seal, message('refinery.retire'))
    .when(ready)
    .gives({
      effects: [],
      tells: [[`${RIG}/refinery`, { type: 'MERGE_READY', bead: BEAD, sandbox: SANDBOX }]],
    })
  decisions(REFINERY)
    .given(configured, seal, ready)
    .when(message('refinery.retire'))
    .gives({
      tells: [
        [`${RIG}/merge-requests/${EPIC}-mr-1`, { type: 'mr.reject' }],
        [`${RIG}/refinery`, { type: 'MERGE_READY', bead: BEAD }],
      ],
    })
})

test('[REFINERY-93] an integration branch that is handed in lands by its own method', () => {
  decisions(`${RIG}/refinery`)
    .given(message('refinery.configure'))
    .when({ ...ready, method: 'merge' })
    .gives({ effects: [['merge.build', { method: 'merge' }]] })
})

test('[RIG-20] each Refinery of a rig is told how it lands, a branch without the pull requests of the target', () => {
  const rig = decisions(`rigs/${RIG}`).given(
    message('rig.add'),
    message('rig.cloned'),
    message('rig.set', { key: 'landing.through', value: 'pull-request' }),
  )
  rig.when(message('rig.openBranch', { epic: EPIC, branch: BRANCH })).gives({
    tells: [
      ['mayor', { type: 'dispatch.openRig', epics: [EPIC] }],
      [`${RIG}/refinery`, { type: 'refinery.configure', landing: { through: 'pull-request' } }],
      [REFINERY, { type: 'refinery.configure', target: BRANCH }],
    ],
  })
  expect(EPIC).toBe(BEAD)
})
