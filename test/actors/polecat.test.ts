import { test } from 'vitest'
import { decisions } from '../support/decisions.ts'
import { AGENT, BEAD, message, RIG, SANDBOX } from '../support/messages.ts'

const polecat = () => decisions(AGENT)
const hook = message('polecat.hook')
const release = message('polecat.release')

test('[POLECAT-1] a bead on the hook opens a sandbox', () => {
  polecat()
    .when(hook)
    .gives({ state: 'hooked', tells: [[SANDBOX, { type: 'sandbox.open', bead: BEAD, preset: null }]] })
})

test('[POLECAT-2] a hook holds one bead', () => {
  polecat()
    .given(hook)
    .when({ ...hook, bead: 'sh-2' })
    .gives({ refused: 'AGENT_BUSY', state: 'hooked' })
})

test('[POLECAT-3] a polecat is named with its first bead only', () => {
  polecat()
    .when(hook)
    .gives({ facts: [{ type: 'PolecatNamed', agent: AGENT, rig: RIG }, { type: 'PolecatHooked' }] })
  polecat()
    .given(hook, release)
    .when(hook)
    .gives({ facts: [{ type: 'PolecatHooked' }] })
})

test('[POLECAT-4] a released polecat is free, and so is its place', () => {
  polecat()
    .given(hook)
    .when(release)
    .gives({
      state: 'idle',
      facts: [{ type: 'PolecatReleased', bead: BEAD, outcome: 'landed' }],
      tells: [['mayor', { type: 'dispatch.freePlace', rig: RIG, name: 'nux' }]],
      context: { bead: null, sandbox: null },
    })
  polecat().when(release).gives({ refused: 'UNEXPECTED' })
})

test('[POLECAT-5] what was taken from it comes back when its hook is free', () => {
  const rehook = message('polecat.rehook')
  polecat()
    .given(hook, release)
    .when(rehook)
    .gives({
      state: 'hooked',
      facts: [{ type: 'PolecatHooked', bead: BEAD, sandbox: SANDBOX }],
      tells: [],
      context: { bead: BEAD, sandbox: SANDBOX },
    })
  polecat().given(hook).when(rehook).gives({ refused: 'AGENT_BUSY' })
})
