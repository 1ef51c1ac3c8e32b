import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HANDOFF_NOTE_BYTES } from '../../src/events/worker.ts'
import { createTown, FIRST_SESSION, HEAD, type TestTown, tokenOf } from './town.ts'

let town: TestTown
let bead: string
const token = tokenOf(FIRST_SESSION)
const SECOND = FIRST_SESSION.replace(/1$/, '2')
const NOTE = 'The parser is done, its tests are not.'
const SANDBOX = 'shop/polecats/nux/sandboxes/1'

beforeEach(async () => {
  town = await createTown()
  bead = await town.bead('Fix the cart', { description: 'It tips over.' })
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
})
afterEach(() => town.close())

/** The program of a session ends, and its worktree is under a checkpoint. */
async function ends(session: string): Promise<void> {
  const exited = { type: 'session.exited', ending: { kind: 'exited', exitCode: 0 } }
  await town.town.system.take({
    id: `over ${session}`,
    by: 'host',
    messages: [{ to: session, message: exited }],
  })
  const kept = { type: 'worktree.checkpointed', ref: 'r', commit: HEAD, files: 0, changed: 0 }
  await town.town.system.take({
    id: `kept ${session}`,
    by: 'worker',
    messages: [{ to: SANDBOX, message: kept }],
  })
  await town.town.system.idle()
}

const hook = async (event: string, input: object, runtime = 'claude', by = token) => {
  const { payload } = await town.server.inject({
    method: 'POST',
    url: `/v1/hooks/${event}`,
    headers: {
      authorization: `Bearer ${by}`,
      'content-type': 'application/json',
      'x-gt-runtime': runtime,
    },
    payload: JSON.stringify(input),
  })
  return payload
}

describe('gt handoff', () => {
  test('[TOWNUP-40] the next session has the note, in prime and in the reason of its attempt', async () => {
    const { status, body } = await town.command('handoff', { note: NOTE }, token)
    expect([status, body]).toEqual([200, { bead, handedOff: true, seq: expect.any(Number) }])
    await ends(FIRST_SESSION)
    const { body: primed } = await town.command('prime', {}, tokenOf(SECOND))
    expect(primed).toMatchObject({
      attempt: 2,
      reason: 'handoff',
      previous: { note: NOTE },
      handoff: { note: NOTE, session: FIRST_SESSION, trigger: 'asked' },
      mailUnread: 0,
      rules: expect.arrayContaining([expect.stringContaining('gt handoff')]),
    })
    expect((await town.command('prime', {}, token)).body.code).toBe('ASSIGNMENT_OVER')
  })

  test('said again with the same id it is answered again, and done once', async () => {
    const say = () => town.command('handoff', { note: NOTE, id: 'h-1' }, token)
    const [first, second] = [await say(), await say()]
    expect(second.body).toEqual(first.body)
    expect((await town.command('handoff', { note: NOTE, id: 'h-2' }, token)).body.code).toBe(
      'ASSIGNMENT_OVER',
    )
  })

  test('a note of 20,000 bytes is taken, and one byte more is not', async () => {
    const long = await town.command('handoff', { note: `${'é'.repeat(HANDOFF_NOTE_BYTES / 2)}x` }, token)
    expect([long.status, long.body.code]).toEqual([413, 'NOTE_TOO_LONG'])
    expect((await town.command('handoff', { note: 'é'.repeat(HANDOFF_NOTE_BYTES / 2) }, token)).status).toBe(
      200,
    )
  })

  test('after gt done there is nothing to hand over, and without its worktree nothing to go on with', async () => {
    town.worktree.gone = true
    expect((await town.command('handoff', { note: NOTE }, token)).body.code).toBe('WORKTREE_MISSING')
    town.worktree.gone = false
    await town.command('done', {}, token)
    expect((await town.command('handoff', { note: NOTE }, token)).body.code).toBe('SUBMITTED_ALREADY')
    expect((await town.command('handoff', { note: NOTE })).body.code).toBe('NOT_IN_A_SESSION')
  })

  test('the sixth time without a change it goes to a person', async () => {
    let body: { handedOff?: boolean; reason?: string } = {}
    for (let n = 1; n <= 6; n += 1) {
      const session = FIRST_SESSION.replace(/1$/, String(n))
      body = (await town.command('handoff', { note: NOTE }, tokenOf(session))).body
      await ends(session)
    }
    expect(body).toMatchObject({ handedOff: false, reason: expect.stringContaining('5 times') })
    const { body: waiting } = await town.get('/v1/escalations')
    expect(waiting.items).toMatchObject([{ bead, code: 'HANDOFF_LOOP' }])
    expect((await town.get(`/v1/beads/${bead}`)).body.status).toBe('blocked')
  })

  test('what an agent writes is masked before it is kept', async () => {
    await town.command('handoff', { note: 'The key is an-operators-own-secret, mind it.' }, token)
    await ends(FIRST_SESSION)
    const { body } = await town.command('prime', {}, tokenOf(SECOND))
    expect(body.handoff.note).not.toContain('an-operators-own-secret')
  })
})

describe('what is told again', () => {
  const starts = (source: string) =>
    hook('SessionStart', { source, session_id: 'u-1', transcript_path: '/h/u-1.jsonl', model: 'm-1' })
  const contextIn = (printed: string): string =>
    JSON.parse(printed).hookSpecificOutput.additionalContext as string

  test.each(['compact', 'clear'])(
    '[TOWNUP-41] after a conversation was forgotten (%s) its work, branch and rules are told again',
    async (source) => {
      const text = contextIn(await starts(source))
      expect(text).toContain(`bead ${bead}: Fix the cart`)
      expect(text).toContain('It tips over.')
      expect(text).toMatch(/branch polecat\/nux\//)
      expect(text).toContain('Never push')
      expect(text).toContain('gt done')
      expect(text.length).toBeLessThan(9_000)
    },
  )

  test.each(['startup', 'resume', 'fork'])('[TOWNUP-41] nothing is told twice: %s', async (source) => {
    expect(await starts(source)).toBe('')
  })

  test('[TOWNUP-41] a long description is cut, and where all of it stands is said', async () => {
    await town.command('bead.update', { bead, description: 'word '.repeat(5_000) })
    const text = contextIn(await starts('compact'))
    expect(text.length).toBeLessThanOrEqual(9_000)
    expect(text).toContain('gt prime says all of it')
    expect(text).toContain('Never push')
  })
})
