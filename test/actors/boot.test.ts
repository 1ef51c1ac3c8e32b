import { test } from 'vitest'
import { decisions } from '../support/decisions.ts'
import { BEAD, message } from '../support/messages.ts'

const boot = () => decisions('deacon/boot')
const found = (minute: number, id: string, role = 'deacon') => ({
  ...message('boot.found', { role, overdue: [{ id, what: 'deacon.due', lateMs: 300_000 }] }),
  meta: { at: new Date(Date.UTC(2027, 2, 1, 8, minute)).toISOString() },
})
const restart = (id: string, role = 'deacon') => [['role.restart', { role, promises: [id] }]] as const

test('[BOOT-1] who is late for the first time is restarted for what is late', () => {
  boot()
    .when(found(0, '7.0'))
    .gives({
      facts: [{ type: 'RoleStale', role: 'deacon', what: ['deacon.due'], lateMs: 300_000 }],
      effects: restart('7.0'),
      tells: [],
    })
})

test('[BOOT-2] late again for the same, a person is told, once, and nothing is restarted', () => {
  boot()
    .given(found(0, '7.0'))
    .when(found(5, '7.0'))
    .gives({
      facts: [{ type: 'RoleGivenUp', role: 'deacon', code: 'ROLE_STUCK' }],
      tells: [['mayor', { type: 'escalation.raise', agent: 'deacon', bead: null, code: 'ROLE_STUCK' }]],
      effects: [],
    })
  boot()
    .given(found(0, '7.0'), found(5, '7.0'))
    .when(found(10, '7.0'))
    .gives({ facts: [], effects: [], tells: [] })
})

test('[BOOT-3] three restarts within an hour, and it is left alone until the hour is over', () => {
  const thrice = [found(0, '7.0'), found(10, '8.0'), found(20, '9.0')]
  boot()
    .given(...thrice)
    .when(found(30, '10.0'))
    .gives({ facts: [{ type: 'RoleGivenUp', code: 'ROLE_QUARANTINED' }], effects: [] })
  boot()
    .given(...thrice, found(30, '10.0'))
    .when(found(89, '11.0'))
    .gives({ facts: [], tells: [], effects: [] })
  boot()
    .given(...thrice, found(30, '10.0'))
    .when(found(90, '11.0'))
    .gives({ effects: restart('11.0') })
  // Others are counted by themselves.
  boot()
    .given(...thrice)
    .when(found(30, '10.0', 'mayor'))
    .gives({ effects: restart('10.0', 'mayor') })
})

test('[BOOT-4] for a bead that waits for nothing the Mayor looks at the queue again', () => {
  const overdue = [{ id: `dispatch/${BEAD}`, what: `dispatch of ${BEAD}`, lateMs: 300_000 }]
  boot()
    .when(message('boot.found', { role: 'mayor', overdue }))
    .gives({ facts: [{ type: 'RoleStale' }], tells: [['mayor', { type: 'dispatch.look' }]], effects: [] })
})

test('[BOOT-5] what came of a restart is noted', () => {
  boot()
    .given(found(0, '7.0'))
    .when(message('role.restarted', { role: 'deacon', again: [], over: ['7.0'] }))
    .gives({ facts: [{ type: 'RoleRestarted', role: 'deacon', again: 0, over: 1 }] })
  boot()
    .given(found(0, '7.0'))
    .when({
      type: 'effect.failed',
      kind: 'role.restart',
      code: 'DEADLINE',
      message: 'No answer within 30000 ms.',
      params: { role: 'deacon', promises: ['7.0'] },
    })
    .gives({ facts: [{ type: 'RoleNotRestarted', role: 'deacon', code: 'DEADLINE' }] })
})
