import { describe, expect, test } from 'vitest'
import { beadOwner, decisionOwner, rigOwner } from '../../src/events/address.ts'
import { wait, waitSentence } from '../../src/past/why/wait.ts'
import { decisions } from '../../src/projections/decisions.ts'
import { BASE, COMMIT, gateResult, message, RIG, TREE } from '../support/messages.ts'
import { GATED, smallTown } from './town.ts'

/** One bead at work. */
async function atWork(...given: Parameters<typeof smallTown>) {
  const town = await smallTown(...given)
  await town.create('sh-1')
  await town.sling('sh-1')
  return town
}
/** One bead at work, and one that wants its place. */
async function twoBeads() {
  const town = await atWork()
  await town.create('sh-2')
  await town.sling('sh-2')
  return town
}
/** One bead that was handed in. */
async function handedIn(...given: Parameters<typeof smallTown>) {
  const town = await atWork(...given)
  await town.done('sh-1')
  return town
}
const nothingYet = () => null

describe('[P3] [P6] what a bead waits for ends its why, with what helps', () => {
  test('nobody slung it', async () => {
    const town = await smallTown()
    await town.create('sh-1')
    expect(town.sentence('sh-1')).toBe(
      'It waits for somebody to hand it over since T: nobody has slung it. What helps: gt sling sh-1',
    )
  })

  test('blocked: by which bead, through every level, and the command for the last', async () => {
    const town = await smallTown()
    await town.create('sh-1')
    await town.create('sh-2', ['sh-1'])
    await town.create('sh-3', ['sh-2'])
    expect(town.wait('sh-3')).toMatchObject({
      kind: 'blocked',
      id: 'sh-2',
      next: { kind: 'blocked', id: 'sh-1', next: { kind: 'unslung' } },
    })
    expect(town.sentence('sh-3')).toBe(
      'It waits for bead sh-2 since T, which waits for bead sh-1 since T, which waits for somebody to hand it over since T: nobody has slung it. What helps: gt sling sh-1',
    )
  })

  test('[DEACON-7] its next try, after its work did not get on', async () => {
    const town = await smallTown()
    await town.create('sh-1')
    const recovered = (n: number, rig: string) =>
      message('RECOVERED_BEAD', { bead: 'sh-1', rig, sandbox: `shop/polecats/nux/sandboxes/${n}` })
    // Of a rig that it does not belong to: nothing comes of the first.
    await town.say('shop/witness', ['deacon', recovered(1, 'barn')])
    await town.say('shop/witness', ['deacon', recovered(2, RIG)])
    expect(town.sentence('sh-1')).toBe(
      'It waits for its next try since T: its work did not get on, and it goes back into the queue by itself. What helps: gt sling sh-1',
    )
  })

  test('[MAYOR-19] a polecat that is in quarantine', async () => {
    const town = await smallTown()
    await town.create('sh-1')
    const nux = 'shop/polecats/nux'
    await town.say('deacon', [
      'mayor',
      { ...message('dispatch.hold'), why: 'quarantine', scope: 'agent', id: nux },
    ])
    await town.say(
      'overseer',
      [beadOwner('sh-1'), message('bead.queue', { now: false })],
      ['mayor', message('dispatch.request', { bead: 'sh-1', agent: 'nux' })],
    )
    expect(town.wait('sh-1')).toMatchObject({ kind: 'quarantine', id: nux, command: `gt thaw ${nux}` })
  })

  test('no place: who has it', async () => {
    const town = await twoBeads()
    expect(town.wait('sh-1')).toBeNull()
    expect(town.wait('sh-2')?.kind).toBe('place')
    expect(town.sentence('sh-2')).toBe(
      'It waits for a free place in rig shop since T: its one place is taken: nux has sh-1. What helps: gt rig config shop limits.polecats 2',
    )
  })

  test('red gate', async () => {
    const town = await handedIn({
      // Its base is green.
      'gates.run': ({ mergeRequest, commit }) => ({
        type: 'gates.ran',
        mergeRequest,
        tree: TREE,
        results: [gateResult(commit === COMMIT ? 'failed' : 'passed')],
      }),
    })
    expect(town.wait('sh-1')).toMatchObject({ kind: 'redGate', id: 'test' })
    expect(town.sentence('sh-1')).toMatch(
      /^It waits for nux to mend what the check test found since T: .*exit code 1\. What helps: gt mq show mr-1$/,
    )
  })

  test('conflict', async () => {
    const town = await handedIn({
      'merge.build': ({ mergeRequest }) => ({
        type: 'merge.conflicted',
        mergeRequest,
        base: BASE,
        files: ['cart.ts'],
      }),
    })
    expect(town.sentence('sh-1')).toBe(
      'It waits for nux to mend its conflict with main since T: cart.ts. What helps: gt mq show mr-1',
    )
  })

  test('a target that takes nothing', async () => {
    const town = await handedIn({
      'target.push': ({ mergeRequest }) => ({
        type: 'target.dirty',
        mergeRequest,
        path: '/code/shop',
        files: ['a.ts'],
      }),
    })
    expect(town.wait('sh-1')).toMatchObject({ kind: 'target', id: 'TARGET_CHECKED_OUT_DIRTY' })
    expect(town.sentence('sh-1')).toMatch(
      /^It waits for the target main since T: .*a\.ts\. What helps: gt mq retry shop$/,
    )
  })

  test('no gate', async () => {
    const town = await handedIn({}, { 'limits.polecats': 1 })
    expect(town.wait('sh-1')?.kind).toBe('noGate')
    expect(town.sentence('sh-1')).toMatch(
      /a check \(gate\) for rig shop since T: .*gt config set gates\.test/,
    )
  })

  test('its checks, and its turn', async () => {
    const town = await handedIn({ 'gates.run': nothingYet })
    expect(town.wait('sh-1')).toMatchObject({ kind: 'gates', command: 'gt mq show mr-1' })
  })

  test('limited until', async () => {
    const town = await atWork()
    const until = '2027-03-01T09:30:00.000Z'
    await town.hears('sh-1', { kind: 'limited', via: 'hook', until, message: '5-hour limit' })
    expect(town.wait('sh-1')).toMatchObject({ kind: 'limited', command: null })
    expect(town.sentence('sh-1')).toContain(`the provider of nux, who is limited until ${until} since T`)
  })

  test('a permission, and a question', async () => {
    const town = await atWork()
    const asks = { kind: 'asks', via: 'hook', tool: 'Bash', message: 'May I?' } as const
    await town.hears('sh-1', { ...asks, what: 'permission' })
    expect(town.wait('sh-1')).toMatchObject({ kind: 'permission', command: 'gt attach shop/polecats/nux' })
    await town.hears('sh-1', { ...asks, what: 'question' })
    expect(town.wait('sh-1')?.kind).toBe('question')
  })

  test('a question ends as it was asked, and anything else with one full stop', () => {
    const sentence = (why: string | null) =>
      waitSentence(wait('question', '1', 'T', 'your answer', why, 'gt answer 1 red'), (iso) => iso)
    expect(sentence('Which colour?')).toBe(
      'It waits for your answer since T: Which colour? What helps: gt answer 1 red',
    )
    expect(sentence('Stop!')).toContain('since T: Stop! What')
    expect(sentence('I do not know. ')).toContain('since T: I do not know. What')
    expect(sentence(null)).toContain('since T. What')
  })

  test('parked: what is queued, and what is at work', async () => {
    const town = await smallTown()
    await town.create('sh-1')
    await town.say('overseer', [rigOwner(RIG), message('rig.park', { reason: '' })])
    await town.sling('sh-1')
    expect(town.wait('sh-1')?.kind).toBe('parked')
    expect(town.sentence('sh-1')).toMatch(
      /^It waits for rig shop, which is parked since T.*gt rig unpark shop$/,
    )
  })

  test('budget', async () => {
    const town = await twoBeads()
    await town.budgetReached()
    expect(town.sentence('sh-2')).toBe(
      'It waits for the budget of the town since T: it is used up. What helps: gt budget set town <more>',
    )
  })

  test('everybody is stopped', async () => {
    const town = await twoBeads()
    await town.say('overseer', ['town', message('town.estop', { reason: '' })])
    expect(town.wait('sh-2')).toMatchObject({ kind: 'stopped', command: 'gt thaw' })
  })

  test('escalated, and deferred', async () => {
    const town = await twoBeads()
    await town.givesBack('sh-1', 'ESCALATED', 'Which tax?')
    expect(town.sentence('sh-1')).toMatch(/^It waits for your decision since T: Which tax\? What helps: gt /)
    const another = await atWork()
    await another.givesBack('sh-1', 'DEFERRED', 'Not now')
    await another.exits('sh-1')
    expect(another.wait('sh-1')).toMatchObject({ kind: 'deferred', command: 'gt bead reopen sh-1' })
  })

  test('a person had it rest, and another try', async () => {
    const town = await atWork()
    await town.say('overseer', [town.at('sh-1').sandbox, message('sandbox.pause', { reason: 'person' })])
    expect(town.wait('sh-1')).toMatchObject({ kind: 'paused', command: 'gt start shop/polecats/nux' })
    const again = await atWork()
    await again.dies('sh-1')
    await again.dies('sh-1')
    expect(again.wait('sh-1')).toMatchObject({ kind: 'recovery', command: 'gt history shop/polecats/nux' })
  })

  test('a target that is red by itself: since which commit, and by which gate', async () => {
    const town = await handedIn({
      'gates.run': ({ mergeRequest }) => ({
        type: 'gates.ran',
        mergeRequest,
        tree: TREE,
        results: [gateResult('failed')],
      }),
    })
    expect(town.wait('sh-1')).toMatchObject({ kind: 'redTarget', id: 'shop' })
    expect(town.sentence('sh-1')).toBe(
      `It waits for main to be green again since T: it is red by itself: test fails on it since ${BASE.slice(0, 7)}. What helps: gt mq retest shop`,
    )
    // Nobody was blamed.
    expect(town.projections.beads.rows.byId.get('sh-1')?.stage).toBe('testing')
  })

  test('a target that a person froze: who, and why', async () => {
    const town = await atWork()
    const REFINERY = `${RIG}/refinery`
    await town.say('overseer', [REFINERY, message('refinery.freeze', { reason: 'the release is being cut' })])
    await town.done('sh-1')
    expect(town.wait('sh-1')).toMatchObject({ kind: 'frozen', id: 'shop' })
    expect(town.sentence('sh-1')).toBe(
      'It waits for main, which is frozen since T: frozen by overseer: the release is being cut. What helps: gt mq thaw shop',
    )
    await town.say('overseer', [REFINERY, message('refinery.thaw')])
    expect(town.wait('sh-1')?.kind).not.toBe('frozen')
  })

  test('a target that is frozen while its work was tested', async () => {
    const town = await handedIn({ 'gates.run': nothingYet })
    await town.say('overseer', [`${RIG}/refinery`, message('refinery.freeze', { reason: '' })])
    expect(town.wait('sh-1')?.kind).toBe('gates')
  })

  test('work that is handed in, and needs a bead that is not closed', async () => {
    const town = await atWork()
    await town.create('sh-2')
    const neededBy = message('bead.neededBy', { bead: 'sh-1' })
    await town.say('overseer', [beadOwner('sh-2'), neededBy])
    await town.say('overseer', [beadOwner('sh-1'), message('bead.addNeed', { need: 'sh-2' })])
    await town.done('sh-1')
    expect(town.wait('sh-1')).toMatchObject({ kind: 'blocked', id: 'sh-2', next: { kind: 'unslung' } })
    expect(town.sentence('sh-1')).toContain('It waits for bead sh-2 since T')
    await town.say('overseer', [beadOwner('sh-2'), message('bead.close')])
    expect(town.wait('sh-1')?.kind).not.toBe('blocked')
  })

  test('a person who says whether it lands', async () => {
    const town = await handedIn({}, { ...GATED, 'gates.review': { approval: 'person' } })
    expect(town.wait('sh-1')).toMatchObject({
      kind: 'approval',
      id: '1',
      command: 'gt answer 1 approve|refuse',
    })
    expect(town.sentence('sh-1')).toBe(
      'It waits for your approval since T: May bead sh-1 land on main? (review). What helps: gt answer 1 approve|refuse',
    )
    const [asked] = decisions(town.projections.decisions.rows, { open: true })
    const answer = (choice: string) => message('decision.answer', { choice, always: false, note: 'later' })
    await town.say('overseer', [decisionOwner(asked?.id ?? ''), answer('refuse')])
    expect(town.wait('sh-1')).toMatchObject({ kind: 'redGate', id: 'review' })
    expect(town.sentence('sh-1')).toContain('refused by overseer: later')
  })

  test('a pull request, and what it waits for itself', async () => {
    const town = await handedIn(
      {
        'pull.open': () => ({
          type: 'pull.notOpened',
          code: 'FORGE_REFUSED',
          message: 'it refuses the token.',
        }),
      },
      { ...GATED, 'landing.through': 'pull-request' },
    )
    expect(town.wait('sh-1')).toMatchObject({ kind: 'forge', id: 'FORGE_REFUSED' })
    expect(town.sentence('sh-1')).toBe(
      'It waits for its pull request since T: it refuses the token. What helps: gt mq show mr-1',
    )
  })

  test('one that is closed waits for nothing', async () => {
    const town = await smallTown()
    await town.create('sh-1')
    await town.say('overseer', [beadOwner('sh-1'), message('bead.close', { reason: 'no' })])
    expect(town.wait('sh-1')).toBeNull()
  })
})
