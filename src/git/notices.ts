// Runs the program by which a person is told that something waits for them, or by which a model is asked.

import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AskOutcome, NoticeOutcome, Notices } from '../ports/notices.ts'
import { runCommand } from './commands.ts'

/** Longest that it may take, ms: it hands a message over, and somebody waits. */
const NOTICE_MS_MAX = 20_000
/** Of what a program that is asked prints, bytes. */
const PRINTED_MAX = 1024 * 1024

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
  async askOnce({ command, env, timeoutMs }): Promise<AskOutcome> {
    const cwd = await mkdtemp(join(tmpdir(), 'gt-ask-'))
    try {
      const { outcome, logTail } = await runCommand({
        command,
        cwd,
        env: { ...env, TMPDIR: cwd },
        timeoutMs,
        mark: `ask ${randomUUID()}`,
        outputMax: PRINTED_MAX,
      })
      if (outcome === 'notStarted') return { kind: outcome, message: logTail.trim() }
      if (outcome === 'timedOut')
        return { kind: outcome, message: `There was no answer within ${Math.round(timeoutMs / 1_000)} s.` }
      return { kind: 'printed', text: logTail }
    } finally {
      await rm(cwd, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    }
  },
})
