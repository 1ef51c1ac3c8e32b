// Keeps that a preset has passed the suite on this machine: then it is called proved here (src/town/agents/conformance.ts).

import { afterAll, afterEach } from 'vitest'
import type { Preset } from '../../src/ports/presets.ts'
import { keepPassed } from '../../src/town/agents/conformance.ts'
import { PINNED } from './versions.ts'

/** To be called inside of the group of tests that is meant. A part of them, or one that failed, proves nothing. */
export function keepWhenAllPass(preset: Preset): void {
  let [passed, all] = [0, Number.POSITIVE_INFINITY]
  afterEach(({ task }) => {
    all = task.suite?.tasks.length ?? all
    if (task.result?.state !== 'fail') passed++
  })
  afterAll(() => {
    const version = PINNED.find(({ name }) => name === preset.name)?.version
    if (passed === all && version !== undefined) keepPassed(process.env, preset.name, version, new Date())
  })
}
