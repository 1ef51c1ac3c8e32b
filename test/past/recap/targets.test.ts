import { expect, test } from 'vitest'
import { refinery } from '../../../src/events/address.ts'
import { message, RIG } from '../../support/messages.ts'
import { createNight, MINUTE } from './night.ts'

const REFINERY = refinery(RIG)

test('[RECAP-7] a target that is frozen is told of until it is thawed, and whose work waits for it', async () => {
  const night = await createNight()
  try {
    await night.create('sh-1', 'Fix the cart')
    await night.sling('sh-1')
    await night.pass(MINUTE)
    await night.say('overseer', [
      REFINERY,
      message('refinery.freeze', { reason: 'the release is being cut' }),
    ])
    const since = String(night.log.head.seq)
    await night.pass(10 * MINUTE)
    await night.done('sh-1')
    await night.pass(5 * MINUTE)
    const before = await night.recap()
    expect(before.red).toMatchObject([
      {
        kind: 'target',
        what: 'TARGET_FROZEN',
        message: 'main is frozen: the release is being cut',
        until: null,
      },
    ])
    expect(before.notLanded).toMatchObject([{ bead: 'sh-1', kind: 'frozen' }])
    // A span that began when it was frozen already.
    const after = await night.recap({ since })
    expect(after.red.map(({ what }) => what)).toEqual(['TARGET_FROZEN'])
    await night.say('overseer', [REFINERY, message('refinery.thaw')])
    await night.pass(30 * MINUTE)
    const ended = await night.recap()
    expect(ended.red).toMatchObject([{ what: 'TARGET_FROZEN', until: expect.stringContaining('T') }])
    expect(ended.landed).toMatchObject([{ bead: 'sh-1' }])
  } finally {
    night.close()
  }
})

test('[RECAP-7] a target that is red by itself is told of, with the commit, and blames no gate of a request', async () => {
  const night = await createNight()
  try {
    await night.create('sh-1', 'Fix the cart')
    await night.sling('sh-1')
    await night.pass(MINUTE)
    // The work, and what it stands on.
    night.next.red.add('sh-1').add('the target')
    await night.done('sh-1')
    await night.pass(25 * MINUTE)
    const recap = await night.recap()
    expect(recap.red).toMatchObject([
      {
        kind: 'target',
        what: 'TARGET_RED',
        message: expect.stringMatching(/^main is red by itself since [0-9a-f]{7}: test/),
      },
    ])
    expect(recap.notLanded).toMatchObject([{ bead: 'sh-1', kind: 'redTarget' }])
    expect(recap.waitsForYou).toMatchObject([
      { id: 'shop', next: expect.stringContaining('gt mq retest shop') },
    ])
    await night.say('overseer', [REFINERY, message('refinery.retest')])
    await night.pass(25 * MINUTE)
    const ended = await night.recap()
    expect(ended.red).toMatchObject([{ what: 'TARGET_RED', until: expect.stringContaining('T') }])
    expect(ended.landed).toMatchObject([{ bead: 'sh-1' }])
  } finally {
    night.close()
  }
})
