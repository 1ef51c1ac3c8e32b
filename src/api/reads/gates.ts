// Reading what gates said: how often each ran, was red, and was red by chance; and what testing ahead was good for.

import { z } from 'zod'
import { recordOf } from '../../events/upcasters.ts'
import { aheadReport, createAhead } from '../../projections/ahead.ts'
import { createGates, gateReport } from '../../projections/gates.ts'
import { seqSince } from '../moment.ts'
import { read } from '../read.ts'
import { findRig } from '../resolve.ts'
import type { TownHandle } from '../town.ts'

const report = read({
  path: '/v1/gates',
  summary:
    'Gates by rig and version: runs, red, flaky (red, then green on the same tree), with their tests; and runs ahead.',
  query: z.strictObject({ rig: z.string().optional(), since: z.string().max(60).optional() }),
  async run({ town, view, query }) {
    const rig = query.rig === undefined ? undefined : findRig(view.projections, query.rig).name
    const rows =
      query.since === undefined
        ? { gates: view.projections.gates.rows, ahead: view.projections.ahead.rows }
        : await ranAfter(town, await seqSince(town.log, query.since, town.clock.now()), view.seq)
    return { items: gateReport(rows.gates, { rig }), ahead: aheadReport(rows.ahead, { rig }), seq: view.seq }
  },
})

export const gateReads = [report]

async function ranAfter(town: TownHandle, after: number, to: number) {
  const [gates, ahead] = [createGates(), createAhead()]
  for await (const { line } of town.log.read({ after, to })) {
    if (line.includes('"gates.ran"')) gates.apply(recordOf(line))
    if (line.includes('"StackTestedAhead"') || line.includes('"StackAheadUsed"')) ahead.apply(recordOf(line))
  }
  return { gates: gates.rows, ahead: ahead.rows }
}
