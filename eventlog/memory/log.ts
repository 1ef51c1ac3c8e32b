// createMemoryLog: a log for simulations and tests.
//
// Owns:      putting the rules on a memory disk.
// Always:    deterministic; opening needs no waiting, so it is synchronous.

import { hash } from 'node:crypto'
import { IdWindow } from '../id-window.ts'
import { Log } from '../log.ts'
import type { EventLog, LogOptions } from '../types.ts'
import { DiskState, type MemoryDisk } from './disk.ts'
import { MemoryEngine } from './engine.ts'

export type MemoryLogOptions = LogOptions & {
  /** Where it is kept; without one the log ends with its handle. */
  readonly disk?: MemoryDisk
  /** Makes the log id of a disk that is made here. */
  readonly seed?: string | number
}

export function createMemoryDisk(options: { readonly seed?: string | number } = {}): MemoryDisk {
  return new DiskState(hash('sha256', `memory log ${options.seed ?? 0}`).slice(0, 32))
}

/**
 * Opens the log on a memory disk, empty or left by a crash.
 * @throws {LogError} LOG_LOCKED while another handle is open on it, LOG_UNAVAILABLE while it is full, LOG_DAMAGED.
 */
export function createMemoryLog(options: MemoryLogOptions = {}): EventLog {
  const disk = options.disk ?? createMemoryDisk(options.seed === undefined ? {} : { seed: options.seed })
  if (!(disk instanceof DiskState)) throw new TypeError('The disk must come from createMemoryDisk().')
  const engine = new MemoryEngine(disk, options.now ?? (() => 0), new IdWindow(options))
  return new Log(engine, engine.open(), options, false)
}
