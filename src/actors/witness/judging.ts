// Whether a tool that shows nothing still gets on: what code cannot tell, and a model may be asked.
//
// Does not:  know whether a model answers, or what that costs: the kennel does, and always says something.
// Always:    off unless a person has set judgements.mode; asked once for each time that an agent does not get on.

import { KENNEL } from '../../events/address.ts'
import type { StallKind } from '../../events/health.ts'
import type { Json } from '../../events/record.ts'
import type { Deciding, Event } from '../machine.ts'

type WitnessContext = { readonly [key: string]: Json | undefined; readonly rig: string }
type To = Deciding<WitnessContext>

/** Of a ladder (ladder.ts), what a question needs. */
type Asking = {
  readonly agent: string
  readonly bead: string
  readonly session: string
  readonly mark: string | null
  readonly kind: StallKind
  readonly step: number
  readonly asked?: string | null
}

/** What a model may say. Without an answer the ladder goes on as it does without a question. */
const CHOICES = ['wait', 'nudge']
const QUESTION =
  'One tool of it has run for long without a sign. Is it to be waited for, because the tool still gets on (a build, a test run, a download), or to be nudged, because it hangs?'

export function setJudging(_context: WitnessContext, { on }: Event<'witness.judge'>, to: To): void {
  to.set({ judging: on ? true : undefined })
}

export const isToJudge = (
  { judging }: WitnessContext,
  { kind, step, asked }: Pick<Asking, 'kind' | 'step' | 'asked'>,
): boolean => judging === true && kind === 'tool' && step === 0 && asked == null

/** Gives the ladder with the question on it. */
export function askAbout<Ladder extends Asking>(
  { rig }: WitnessContext,
  sandbox: string,
  ladder: Ladder,
  { meta, since, n, evidence }: Event<'WORK_STALLED'>,
  to: To,
): Ladder & { readonly asked: string } {
  const { agent, bead, session, mark } = ladder
  const judgement = `${sandbox} ${meta.seq}`
  to.tell({
    to: KENNEL,
    message: {
      type: 'judgement.ask',
      judgement,
      asker: `${rig}/witness`,
      about: agent,
      rig,
      bead,
      code: 'SILENT_IN_TOOL',
      question: QUESTION,
      choices: CHOICES,
      safe: 'nudge',
      evidence: [
        `What was seen last: ${evidence.what}${evidence.seq === null ? '' : ` (record ${evidence.seq})`}.`,
        `Its last sign was at ${since}; now it is ${meta.at}.`,
        `It was found so ${n === 1 ? 'once' : `${n} times`} in this session.`,
        mark === null ? 'Its worktree could not be looked at.' : 'Its worktree could be looked at.',
      ].map((line) => line.slice(0, 2_000)),
      session,
    },
  })
  return { ...ladder, asked: judgement }
}
