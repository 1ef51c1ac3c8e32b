// A log in a temporary folder, with an engine that fails on order.
//
// Owns:      the folder, and the faults that are put between the log and LevelDB.

import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import type { ArchiveStep, Commit, Engine, Opened, Range, SealStep } from '../../eventlog/engine.ts'
import {
  createLog,
  type LogProblem,
  type LogStats,
  openLog,
  type Piece,
  type Stored,
} from '../../eventlog/index.ts'
import type { Subject } from './contract.ts'

export class Faults {
  next: 'lost' | 'written' | undefined
  error = new Error('No space left on device')
  writes = 0
  #gate: PromiseWithResolvers<void> | undefined

  hold(): void {
    this.#gate ??= Promise.withResolvers<void>()
  }

  release(): void {
    this.#gate?.resolve()
    this.#gate = undefined
  }

  async write(write: () => void | Promise<void>): Promise<void> {
    this.writes += 1
    const fault = this.next
    this.next = undefined
    await this.#gate?.promise
    if (fault === 'lost') throw this.error
    await write()
    if (fault === 'written') throw this.error
  }
}

/** Hands everything on, but writes through the faults. */
export class FaultyEngine implements Engine {
  readonly #inner: Engine
  readonly #faults: Faults

  constructor(inner: Engine, faults: Faults) {
    this.#inner = inner
    this.#faults = faults
  }

  open(): Opened | Promise<Opened> {
    return this.#inner.open()
  }

  write(commit: Commit): Promise<void> {
    return this.#faults.write(() => this.#inner.write(commit))
  }

  findId(id: string, head: number) {
    return this.#inner.findId(id, head)
  }

  read(range: Range): AsyncIterable<readonly Stored[]> {
    return this.#inner.read(range)
  }

  pieces(range: Omit<Range, 'reverse'>): AsyncIterable<Piece> {
    return this.#inner.pieces(range)
  }

  async nextSeal(head: number): Promise<SealStep | undefined> {
    const step = await this.#inner.nextSeal(head)
    return step && { apply: () => this.#faults.write(() => step.apply()) }
  }

  async nextArchive(to: number): Promise<ArchiveStep | undefined> {
    const step = await this.#inner.nextArchive(to)
    return step && { ...step, apply: () => this.#faults.write(() => step.apply()) }
  }

  verify(...asked: Parameters<Engine['verify']>): Promise<readonly LogProblem[]> {
    return this.#inner.verify(...asked)
  }

  copyTo(place: string): Promise<void> {
    return this.#inner.copyTo(place)
  }

  stats(head: number): Promise<LogStats> {
    return this.#inner.stats(head)
  }

  compact(): Promise<number> {
    return this.#inner.compact()
  }

  close(): void | Promise<void> {
    return this.#inner.close()
  }
}

export async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'eventlog-test-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

export async function levelSubject(): Promise<Subject & { readonly dir: string; readonly faults: Faults }> {
  const folder = await temporaryFolder()
  const dir = join(folder.path, 'log')
  const faults = new Faults()
  let created = false
  return {
    dir,
    faults,
    open: (options = {}) => {
      const create = created ? openLog : createLog
      created = true
      return create(dir, {
        autoSeal: false,
        ...options,
        wrapEngine: (engine) => new FaultyEngine(engine, faults),
      })
    },
    failNext: (fault) => {
      faults.next = fault
    },
    hold: () => faults.hold(),
    release: () => faults.release(),
    damage: (seq) => flipInRow(dir, seq),
    loseArchive: async (seq, lost) => {
      const folder = join(dir, 'archive')
      const away = join(dir, 'away')
      if (!lost) {
        await cp(away, folder, { recursive: true })
        return
      }
      await mkdir(away, { recursive: true })
      for (const name of await readdir(folder)) {
        const [first = 0, last = 0] = name.split(/[-.]/).map(Number)
        if (first <= seq && seq <= last) await rename(join(folder, name), join(away, name))
      }
    },
    placeOf: (name) => join(folder.path, name),
    openBackup: (place) => openLog(place, { autoSeal: false }),
    dispose: () => folder.remove(),
  }
}

/** Flips a bit in the row that holds an entry: in its text, or in the middle of a sealed run. */
async function flipInRow(dir: string, seq: number): Promise<void> {
  const db = new ClassicLevel<Buffer, Buffer>(join(dir, 'db'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  const key = Buffer.alloc(7)
  key.write('r')
  key.writeUIntBE(seq, 1, 6)
  for await (const [found, value] of db.iterator({ gte: key, lt: Buffer.from('s'), limit: 1 })) {
    const at = value.indexOf(`{"seq":${seq},`)
    const index = at >= 0 ? at + 12 : value.length >> 1
    value[index] = (value[index] ?? 0) ^ 4
    await db.put(found, value, { sync: true })
  }
  await db.close()
}

/** Copies a closed log. */
export async function copyLog(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await cp(from, to, { recursive: true })
}
