// gt replay: rebuilds all state from the log, and holds it against what is.

import { resolve } from 'node:path'
import { type Command, flagOf, given, textOf } from '../command.ts'
import { progressBar } from '../progress-bar.ts'

type Divergence = { seq: number; actor: string; field: string; recorded: unknown; computed: unknown }
type Report = {
  records: number
  durationMs: number
  recordsPerSecond: number
  to: number
  stateDigest: string
  liveDigest: string | null
  verified: boolean
  divergences: Divergence[]
  divergenceCount: number
  changedDecisions: Divergence[]
  changedDecisionCount: number
  erased: number[]
  erasedCount: number
}

export const replay: Command = {
  name: 'replay',
  summary:
    'rebuilds all state from the log, compares it with the state that is held, and puts it in place of every cache',
  usage: '',
  where: 'person',
  words: [0, 0],
  options: {
    to: { type: 'text', value: '<when>', help: 'up to there, and nothing is put in place' },
    verify: { type: 'flag', help: 'also decides every message again, and compares' },
    into: {
      type: 'text',
      value: '<folder>',
      help: 'writes the rebuilt state there, and leaves the town alone',
    },
  },
  async run(call) {
    const into = textOf(call, 'into')
    const verify = flagOf(call, 'verify')
    const body = given({
      to: textOf(call, 'to') ?? textOf(call, 'at'),
      verify,
      into: into === undefined ? undefined : resolve(call.cwd, into),
    })
    const { onProgress, done } = progressBar(call.out)
    const report = await call
      .town()
      .command<Report>('replay', body, { onProgress, signal: call.signal })
      .finally(done)
    call.out.answer({ json: report, ids: [report.stateDigest], lines: () => lines(report, verify) })
    return report.divergenceCount > 0 ? 1 : 0
  },
}

function lines(report: Report, verify: boolean): string[] {
  const { records, durationMs, recordsPerSecond, stateDigest, liveDigest, to } = report
  const { divergences, divergenceCount, changedDecisions, changedDecisionCount, erased, erasedCount } = report
  return [
    `${records} records in ${durationMs} ms (${recordsPerSecond}/s), state ${stateDigest.slice(0, 16)} at record ${to}`,
    ...(liveDigest !== null && liveDigest !== stateDigest
      ? [
          `The state that is held is another one: ${liveDigest.slice(0, 16)}. It was left as it is.`,
          'gt restart makes it anew from the log, which is the truth.',
        ]
      : []),
    ...(divergenceCount > 0 ? [`different at ${divergenceCount} places:`] : []),
    ...divergences.map(told),
    ...(verify && divergenceCount === 0 ? ['equal: every decision and all state are the same'] : []),
    ...(changedDecisionCount > 0
      ? [
          `${changedDecisionCount} decisions of earlier versions, or about what was erased, would be others today (no fault):`,
        ]
      : []),
    ...changedDecisions.slice(0, 20).map(told),
    ...(erasedCount > 0
      ? [
          `erased: something of ${erasedCount} ${erasedCount === 1 ? 'record' : 'records'} (${erased.slice(0, 10).join(', ')}${erasedCount > 10 ? ', …' : ''}); what is left was folded`,
        ]
      : []),
  ]
}

const told = ({ seq, actor, field, recorded, computed }: Divergence): string =>
  `  record ${seq}, ${actor}: ${field} is ${short(recorded)}, computed ${short(computed)}`

const short = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`
}
