// gt replay: rebuilds all state from the log, and holds it against what is.

import { resolve } from 'node:path'
import { type Command, flagOf, given, textOf } from '../command.ts'

type Report = {
  records: number
  durationMs: number
  recordsPerSecond: number
  to: number
  stateDigest: string
  verified: boolean
  divergences: { seq: number; actor: string; field: string }[]
}

export const replay: Command = {
  name: 'replay',
  summary: 'rebuilds all state from the log',
  usage: '',
  words: [0, 0],
  options: {
    to: { type: 'text', value: '<when>', help: 'up to there' },
    verify: { type: 'flag', help: 'decide everything again and compare' },
    into: { type: 'text', value: '<folder>', help: 'write the rebuilt state there' },
  },
  async run(call) {
    const into = textOf(call, 'into')
    const verify = flagOf(call, 'verify')
    const body = given({
      to: textOf(call, 'to') ?? textOf(call, 'at'),
      verify,
      into: into === undefined ? undefined : resolve(call.cwd, into),
    })
    const report = await call.town().command<Report>('replay', body)
    call.out.answer({ json: report, ids: [report.stateDigest], lines: () => lines(report, verify) })
    return verify && !report.verified ? 1 : 0
  },
}

function lines(
  { records, durationMs, recordsPerSecond, stateDigest, verified, divergences }: Report,
  verify: boolean,
): string[] {
  const verdict = verified
    ? 'equal: every decision and all state are the same'
    : `different at ${divergences.length} places`
  return [
    `${records} records in ${durationMs} ms (${recordsPerSecond}/s), state ${stateDigest.slice(0, 16)}`,
    ...(verify ? [verdict] : []),
    ...divergences.map(({ seq, actor, field }) => `  record ${seq}, ${actor}: ${field}`),
  ]
}
