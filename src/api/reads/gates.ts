// Reading what gates said: how often each ran, was red, and was red by chance.

import { z } from 'zod'
import { recordOf } from '../../events/upcasters.ts'
import { createGates, type GateRows, gateReport } from '../../projections/gates.ts'
import { seqAt } from '../moment.ts'
import { read } from '../read.ts'
import { findRig } from '../resolve.ts'
import type { TownHandle } from '../town.ts'

const report = read({
  path: '/v1/gates',
  summary: 'Gates by rig and version: runs, red, flaky (red, then green on the same tree), with their tests.',
  query: z.strictObject({ rig: z.string().optional(), since: z.string().max(60).optional() }),
  async run({ town, view, query }) {
    const rig = query.rig === undefined ? undefined : findRig(view.projections, query.rig).name
    const rows =
      query.since === undefined
        ? view.projections.gates.rows
        : await ranAfter(town, await seqAt(town.log, query.since, town.clock.now()), view.seq)
    return { items: gateReport(rows, { rig }), seq: view.seq }
  },
})

export const gateReads = [report]

async function ranAfter(town: TownHandle, after: number, to: number): Promise<GateRows> {
  const projection = createGates()
  for await (const { line } of town.log.read({ after, to }))
    if (line.includes('"gates.ran"')) projection.apply(recordOf(line))
  return projection.rows
}
