import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nudgeLine } from '../../src/events/nudge-line.ts'
import type { ScreenReading } from '../../src/ports/presets.ts'
import {
  afterEnter,
  begin,
  type DeliveryAsk,
  ECHO_MS,
  LOOK_MS,
  nextStep,
  PASTE_REST_MS,
  type Step,
} from '../../src/pty/delivery.ts'

const LINE = nudgeLine('n-ab12cd', 'overseer', 'Look at the cart.')
const STALE = nudgeLine('n-0000zz', 'mayor', 'Look at the shop.')
const PASTE = '\x1b[200~'
const PASTED = '\x1b[201~'
const KEYS = { interrupt: '\x1b', submit: '\r', clear: '\x15' }
const ask = (mode: DeliveryAsk['mode'] = 'idle'): DeliveryAsk => ({
  line: LINE,
  mode,
  keys: KEYS,
  lineOf: (id) => (id === 'n-0000zz' ? STALE : null),
})
const reading = (kind: ScreenReading['kind'], composer: string | null = ''): ScreenReading => ({
  kind,
  composer,
  name: kind === 'dialog' ? 'permission' : null,
  message: '',
  until: null,
})

type Mishaps = {
  readonly mode?: DeliveryAsk['mode']
  readonly unseen?: boolean
  /** ms at which the program begins to read; what was written before waits. */
  readonly readsAt?: number
  readonly kind?: (now: number) => ScreenReading['kind']
  /** Already in its queue. */
  readonly queue?: string
  readonly composer?: string
  /** The program loses what it reads before this moment. */
  readonly losesUntil?: number
  /** What stands there goes by itself at that moment. */
  readonly goneAt?: number
  /** ms until the screen shows what was read. */
  readonly drawMs?: number
}

/** A program with a composer, as far as it matters: reads in order, understands paste, backspace, clear and Enter. */
function look(mishaps: Mishaps = {}) {
  const { mode, readsAt = 0, losesUntil = -1, drawMs = 50, kind = () => 'ready' as const } = mishaps
  let queue = mishaps.queue ?? ''
  let composer = mishaps.composer ?? ''
  let shown = composer
  const drawn: { at: number; text: string }[] = []
  const submitted: string[] = []
  const typed: string[] = []
  let interrupts = 0
  let state = begin(mishaps.unseen ?? false, 0)
  for (let now = 0; now < 2 * LOOK_MS; now += 50) {
    if (now >= readsAt && queue !== '') {
      const keys = queue
      queue = ''
      if (now >= losesUntil) read(keys)
      drawn.push({ at: now + drawMs, text: composer })
    }
    if (now === mishaps.goneAt) {
      composer = ''
      shown = ''
    }
    for (const one of drawn) if (one.at <= now) shown = one.text
    const answer = nextStep(ask(mode), state, reading(kind(now), shown), now)
    state = answer.state
    const { step } = answer
    if (step.do === 'wait') continue
    if (step.do === 'held') return result(step)
    typed.push(step.keys)
    queue += step.keys
    if (step.do === 'submit') {
      for (const keys of [queue]) read(keys)
      return result(step)
    }
  }
  throw new Error('The look does not end.')

  function result(step: Step) {
    return {
      step,
      submitted,
      typed,
      interrupts,
      composer,
      pastes: typed.filter((keys) => keys.startsWith(PASTE)).length,
    }
  }
  function read(keys: string) {
    for (const key of keys.replaceAll(PASTE, '').replaceAll(PASTED, '')) {
      if (key === KEYS.interrupt) interrupts += 1
      else if (key === '\r') {
        submitted.push(composer)
        composer = ''
      } else if (key === '\x7f') composer = composer.slice(0, -1)
      else if (key === KEYS.clear) composer = ''
      else composer += key
    }
  }
}

describe('[P6] a line is typed into a free composer', () => {
  test('as one paste, and Enter alone once it is seen', () => {
    const { submitted, typed } = look()
    expect(typed).toEqual([`${PASTE}${LINE}${PASTED}`, '\r'])
    expect(submitted).toEqual([LINE])
  })

  test('with a rest between them', () => {
    const state = { begun: 0, phase: 'pasted', since: 0, unseen: true, left: null, waits: null } as const
    const at = (now: number) => nextStep(ask(), state, reading('ready', LINE), now).step.do
    expect([at(PASTE_REST_MS - 1), at(PASTE_REST_MS)]).toEqual(['wait', 'submit'])
  })

  test('also when the screen wraps it, shows its end alone, or shows a placeholder', () => {
    const state = { begun: 0, phase: 'pasted', since: 0, unseen: true, left: null, waits: null } as const
    const long = nudgeLine('n-ab12cd', 'overseer', 'a word '.repeat(40).trim())
    const wrapped = long.replace(/(.{30})/g, '$1\n')
    for (const composer of [wrapped, wrapped.slice(-80), '[Pasted text #1 +4 lines]'])
      expect(nextStep({ ...ask(), line: long }, state, reading('ready', composer), 500).step.do).toBe(
        'submit',
      )
  })
})

describe('[P6] nothing is typed', () => {
  test.each([
    ['at a dialog', reading('dialog', null), 'a dialog is open: permission'],
    ['while it starts', reading('starting', null), 'it is starting'],
    ['into a screen that is not understood', reading('unknown', ''), 'its screen is not understood'],
    ['over half a line of a person', reading('ready', 'please do not'), 'somebody is typing there'],
    ['over dots of a person', reading('ready', '...'), 'somebody is typing there'],
    ['while it is at work', reading('busy', ''), 'it is at work'],
    ['without a composer', reading('ready', null), 'its composer is not shown'],
  ])('%s', (_, screen, reason) => {
    let state = begin(false, 0)
    for (let now = 0; ; now += 100) {
      const answer = nextStep(ask(), state, screen, now)
      state = answer.state
      if (answer.step.do === 'wait') continue
      expect(answer.step).toEqual({ do: 'held', reason, lineAt: 'untyped' })
      expect(now).toBeLessThan(LOOK_MS)
      return
    }
  })

  test('behind our line when a person goes on typing there', () => {
    const state = { begun: 0, phase: 'pasted', since: 0, unseen: true, left: null, waits: null } as const
    for (const composer of [`${LINE} and`, `wait ${LINE}`]) {
      const { step, state: later } = nextStep(ask(), state, reading('ready', composer), 500)
      expect(step.do).toBe('wait')
      expect(nextStep(ask(), later, reading('ready', composer), 20_000).step).toMatchObject({
        do: 'held',
        lineAt: 'composer',
      })
    }
  })
})

describe('[P6] the modes', () => {
  test('queue types while it works', () => {
    expect(look({ mode: 'queue', kind: () => 'busy' }).submitted).toEqual([LINE])
  })

  test('immediate interrupts once, and types when the turn is over', () => {
    let since: number | null = null
    const { submitted, typed } = look({
      mode: 'immediate',
      kind: (now) => {
        since ??= now
        return now - since < 1_000 ? 'busy' : 'ready'
      },
    })
    expect(typed[0]).toBe(KEYS.interrupt)
    expect(typed.filter((keys) => keys === KEYS.interrupt)).toHaveLength(1)
    expect(submitted).toEqual([LINE])
  })

  test('idle waits for a turn to end', () => {
    expect(look({ kind: (now) => (now < 5_000 ? 'busy' : 'ready') }).submitted).toEqual([LINE])
  })
})

describe('[P6] the line is never doubled', () => {
  test('one that stands there already gets its Enter and nothing else', () => {
    expect(look({ unseen: true, composer: LINE }).typed).toEqual(['\r'])
    expect(look({ unseen: false, composer: LINE }).typed).toEqual(['\r'])
  })

  test('a program that does not read is typed to once, and not again in later looks', () => {
    const first = look({ readsAt: Infinity })
    expect(first.step).toEqual({ do: 'held', reason: 'it does not read what is typed', lineAt: 'unseen' })
    expect(first.typed).toEqual([`${PASTE}${LINE}${PASTED}`])
    const later = look({ readsAt: Infinity, unseen: true, queue: first.typed.join('') })
    expect(later.step).toMatchObject({ do: 'held', lineAt: 'unseen' })
    expect(later.pastes).toBe(0)
  })

  test('when it reads at last, the line that waited is submitted once', () => {
    const paste = `${PASTE}${LINE}${PASTED}`
    for (const queue of [paste, `${paste}.`, `${paste}...`])
      for (const readsAt of [0, 200, 1_000, 1_700, 3_000, 5_000]) {
        const { submitted, pastes, composer } = look({ unseen: true, queue, readsAt })
        expect({ submitted, pastes, composer }, `${queue.length} ${readsAt}`).toEqual({
          submitted: [LINE],
          pastes: 0,
          composer: '',
        })
      }
  })

  test('it is pasted again once the program has proved that it lost it', () => {
    const { submitted, typed } = look({ unseen: true })
    expect(typed).toEqual(['.', '\x7f', `${PASTE}${LINE}${PASTED}`, '\r'])
    expect(submitted).toEqual([LINE])
  })

  test('one that stands there twice is cleared, and typed once', () => {
    const { submitted } = look({ unseen: true, composer: `${LINE}${LINE}` })
    expect(submitted).toEqual([LINE])
  })

  test('a line that an earlier nudge left is cleared, half a line of a person behind it is not', () => {
    expect(look({ composer: STALE }).submitted).toEqual([LINE])
    expect(look({ composer: `${STALE}..` }).submitted).toEqual([LINE])
    expect(look({ composer: `${STALE} and more` }).step).toMatchObject({ do: 'held', lineAt: 'untyped' })
  })

  test('the line of a nudge that was taken just now is not cleared while its turn begins', () => {
    const { typed, submitted } = look({ composer: STALE, mode: 'queue', drawMs: 0, goneAt: 900 })
    expect(typed).not.toContain(KEYS.clear)
    expect(submitted).toEqual([LINE])
  })

  test('[P6] however slowly it reads and draws, over several looks: once at most, and whole', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60_000 }),
        fc.integer({ min: 0, max: 900 }),
        fc.boolean(),
        (readsAt, drawMs, loses) => {
          // Looks follow each other; what was not read stays in the queue.
          const submitted: string[] = []
          let queue = ''
          let unseen = false
          for (let begun = 0; begun < 90_000; begun += LOOK_MS + 5_000) {
            const one = look({
              unseen,
              queue,
              readsAt: Math.max(0, readsAt - begun),
              drawMs,
              losesUntil: loses ? 500 : -1,
            })
            submitted.push(...one.submitted)
            if (one.step.do === 'submit') break
            queue = readsAt - begun > LOOK_MS ? queue + one.typed.join('') : ''
            unseen = one.step.do === 'held' && one.step.lineAt !== 'untyped'
            if (queue === '' && one.composer !== '') return
          }
          expect(submitted.length).toBeLessThanOrEqual(1)
          for (const text of submitted) expect(text).toBe(LINE)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('[P6] after an Enter without a receipt', () => {
  test.each([
    ['the line still stands there', reading('ready', LINE), { do: 'submit', keys: '\r' }],
    ['it works', reading('busy', ''), { do: 'held', lineAt: 'queued' }],
    ['a dialog is open', reading('dialog', null), { do: 'held', lineAt: 'queued' }],
    ['a person types behind it', reading('ready', `${LINE} x`), { do: 'held', lineAt: 'composer' }],
    ['it is gone', reading('ready', ''), { do: 'held', lineAt: 'gone' }],
    ['another text stands there', reading('ready', 'hello'), { do: 'held', lineAt: 'gone' }],
  ])('%s', (_, screen, expected) => {
    expect(afterEnter(ask(), screen)).toMatchObject(expected)
  })
})

test('[P6] each look ends in time', () => {
  const kinds = ['ready', 'busy', 'dialog', 'starting', 'unknown', 'compacting', 'limited', 'stuck'] as const
  const composers = [null, '', LINE, LINE.slice(0, 20), `${LINE}.`, '..', STALE, 'x', `${LINE}${LINE}`]
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.constantFrom(...kinds),
          fc.constantFrom(...composers),
          fc.integer({ min: 50, max: ECHO_MS }),
        ),
        {
          minLength: 1,
        },
      ),
      fc.boolean(),
      fc.constantFrom('idle', 'queue', 'immediate'),
      (screens, unseen, mode) => {
        let state = begin(unseen, 0)
        let now = 0
        for (let n = 0; ; n += 1) {
          const [kind, composer, ms] = screens[n % screens.length] ?? (['ready', '', 50] as const)
          now += ms
          const answer = nextStep(ask(mode as never), state, reading(kind, composer), now)
          state = answer.state
          if (answer.step.do === 'held' || answer.step.do === 'submit') break
          // Enter and text are never typed together.
          if (answer.step.do === 'type') expect(answer.step.keys).not.toMatch(/[\r\n]/)
        }
        expect(now).toBeLessThanOrEqual(LOOK_MS + ECHO_MS)
      },
    ),
    { numRuns: 500 },
  )
})
