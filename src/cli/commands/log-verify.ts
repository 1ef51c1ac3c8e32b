// gt log verify: checks every record of the log.

import { resolve } from 'node:path'
import { hasCode } from '../../client/fault.ts'
import { findTown, operatorToken, socketOf } from '../../client/find-town.ts'
import { isUnreachable } from '../../client/follow.ts'
import { request } from '../../client/http.ts'
import { type Command, textOf } from '../command.ts'

type Report = {
  ok: boolean
  records: number
  head: unknown
  problems: readonly { seq: number; kind: string; message: string }[]
  erased?: readonly { seq: number; by: number | null }[]
}

export const logVerify: Command = {
  name: 'log verify',
  summary: 'checks every record of the log',
  usage: '',
  where: 'person',
  words: [0, 0],
  options: { dir: { type: 'text', value: '<folder>', help: 'a copy of a log, or a town that is down' } },
  async run(call) {
    const named = textOf(call, 'dir')
    const report =
      named === undefined
        ? await verifyTown(findTown(textOf(call, 'town'), call.cwd, call.env).dir)
        : await verifyFiles(resolve(call.cwd, named))
    call.out.answer({
      json: report,
      ids: report.problems.map(({ seq }) => String(seq)),
      lines: () => [
        report.ok ? `All ${report.records} records are as they were written.` : 'The log is damaged:',
        ...report.problems.map(({ seq, kind, message }) => `  record ${seq}: ${kind}: ${message}`),
        ...(report.erased ?? []).map(({ seq, by }) =>
          by === null
            ? `  record ${seq}: texts of it are erased, and no record says by whom`
            : `  record ${seq}: texts of it are erased; record ${by} says by whom and why`,
        ),
      ],
    })
    return report.ok ? 0 : 1
  },
}

/** By the daemon while it holds the log, else in the files: a damaged log could not be opened. */
async function verifyTown(dir: string): Promise<Report> {
  try {
    const { status, body } = await request({
      socketPath: socketOf(dir),
      method: 'POST',
      path: '/v1/commands/log.verify',
      token: operatorToken(dir),
      body: {},
    })
    if (status === 200) return body as Report
  } catch (error) {
    if (!isUnreachable(error) && !hasCode(error, 'OPERATOR_TOKEN_MISSING')) throw error
  }
  return verifyFiles(dir)
}

async function verifyFiles(dir: string): Promise<Report> {
  const { verifyLogIn } = await import('../../client/embedded.ts')
  return verifyLogIn(dir)
}
