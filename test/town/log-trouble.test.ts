// What the log finds wrong while nobody asks it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { LogError, type LogOptions } from '../../eventlog/index.ts'
import { installTown } from '../../src/town/install.ts'
import { handleOf, openTown } from '../../src/town/open.ts'

const opened: LogOptions[] = []
vi.mock('../../eventlog/index.ts', async (actual) => {
  const eventlog = await actual<typeof import('../../eventlog/index.ts')>()
  return {
    ...eventlog,
    openLog(dir: string, options: LogOptions = {}) {
      opened.push(options)
      return eventlog.openLog(dir, options)
    },
  }
})

test('[L9] damage that sealing meets in the background is among the troubles of the town', async () => {
  const above = mkdtempSync(join(tmpdir(), 'gt-trouble-'))
  const dir = join(above, 't')
  await installTown({ dir, name: 't', owner: { name: 'O', email: 'o@localhost' }, settings: {} })
  const town = await openTown(dir)
  onTestFinished(async () => {
    await town.close()
    rmSync(above, { recursive: true, force: true })
  })
  opened.at(-1)?.onBackgroundError?.(new LogError('LOG_DAMAGED', 'Entry 7 differs from its checksum.'))
  opened.at(-1)?.onBackgroundError?.(new Error('no room'))
  expect(handleOf(town).troubles()).toMatchObject([
    { code: 'LOG_DAMAGED', message: 'Entry 7 differs from its checksum.' },
    { code: 'LOG_TROUBLE', message: 'no room' },
  ])
})
