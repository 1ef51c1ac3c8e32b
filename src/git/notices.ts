// Runs the program by which a person is told that something waits for them.

import { randomUUID } from 'node:crypto'
import type { NoticeOutcome, Notices } from '../ports/notices.ts'
import { runCommand } from './commands.ts'

/** Longest that it may take, ms: it hands a message over, and somebody waits. */
const NOTICE_MS_MAX = 20_000

export const createNotices = (townDir: string): Notices => ({
  async notify({ command, env, input }): Promise<NoticeOutcome> {
    const result = await runCommand({
      command,
      cwd: townDir,
      env,
      timeoutMs: NOTICE_MS_MAX,
      input,
      // Two of them may run at a time, and ending one must not end the other.
      mark: `notice ${randomUUID()}`,
      mayLeave: true,
    })
    const { outcome, exitCode, logTail } = result
    const last = logTail.trim().split('\n').at(-1) ?? ''
    switch (outcome) {
      case 'passed':
        return { kind: 'done' }
      case 'notStarted':
        return { kind: 'notStarted', message: last }
      case 'timedOut':
        return { kind: 'failed', message: `it did not end within ${NOTICE_MS_MAX / 1_000} s` }
      case 'failed':
        return { kind: 'failed', message: `exit code ${exitCode ?? 'none'}${last === '' ? '' : `: ${last}`}` }
    }
  },
})
