// The corpus as files, made once for a seed and a length and found again afterwards.
//
// Always:    what is found is whole: it is made beside its place and renamed. Its name holds a digest of how a corpus of
//            today begins, and that of a log one of the code that writes logs, so that no stale one is found.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createLog, openLog } from '../../eventlog/index.ts'
import { createRandom } from '../../test/sim/random.ts'
import { appendIds, commitSizes } from './commit-sizes.ts'
import { generate } from './generate.ts'

export type Corpus = {
  /** One record a line. */
  readonly ndjson: string
  /** Folder of an EventLog with the same records, sealed. */
  readonly log: string
}

type Asked = {
  readonly records: number
  readonly seed: number
  /** Where; by default below the folder for temporary files. */
  readonly into?: string | undefined
  readonly onProgress?: ((what: string, records: number) => void) | undefined
}

/** The NDJSON file alone. */
export async function corpusLines({ records, seed, into, onProgress }: Asked): Promise<string> {
  const folder = into ?? join(tmpdir(), 'gt-corpus')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${records}-${seed}-${await beginningOf(seed)}.ndjson`)
  if (existsSync(file)) return file
  const draft = `${file}.draft`
  const out = createWriteStream(draft)
  let made = 0
  await generate({
    records,
    seed,
    async onLines(lines) {
      made += lines.length
      onProgress?.('made', made)
      if (!out.write(`${lines.join('\n')}\n`)) await once(out, 'drain')
    },
  })
  out.end()
  await once(out, 'close')
  renameSync(draft, file)
  return file
}

/** The file, and a log of the same records, committed as the demo's were. */
export async function corpus(asked: Asked): Promise<Corpus> {
  const ndjson = await corpusLines(asked)
  const log = `${ndjson.replace(/\.ndjson$/, '')}-${formatDigest()}.log`
  if (!existsSync(log)) {
    const draft = `${log}.draft`
    rmSync(draft, { recursive: true, force: true })
    await fillLog({ ndjson, dir: draft, seed: asked.seed, onProgress: asked.onProgress })
    renameSync(draft, log)
  }
  return { ndjson, log }
}

/** Appends every line of a file, in commits of the demo's sizes, and seals what is full. */
export async function fillLog(options: {
  readonly ndjson: string
  readonly dir: string
  readonly seed: number
  readonly onProgress?: Asked['onProgress']
}): Promise<void> {
  const { ndjson, dir, seed, onProgress } = options
  await (await createLog(dir)).close()
  const log = await openLog(dir)
  const size = commitSizes(createRandom(seed).fork('commits').next)
  const idOf = appendIds(createRandom(seed).fork('ids').next)
  let wanted = size()
  let commit: Record<string, unknown>[] = []
  const append = async (): Promise<void> => {
    const { last } = await log.append(commit, { id: idOf(log.next) })
    if (last % 10_000 < wanted) onProgress?.('appended', last)
    commit = []
    wanted = size()
  }
  for await (const line of linesOf(ndjson)) {
    const { seq: _, ...entry } = JSON.parse(line) as Record<string, unknown>
    commit.push(entry)
    if (commit.length >= wanted) await append()
  }
  if (commit.length > 0) await append()
  await log.seal()
  await log.close()
}

/** The lines of a file, without holding it. */
export const linesOf = (file: string): AsyncIterable<string> =>
  createInterface({
    input: createReadStream(file, { highWaterMark: 1 << 20 }),
    crlfDelay: Number.POSITIVE_INFINITY,
  })

const digestOf = (files: readonly string[]): string => {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  return hash.digest('hex').slice(0, 10)
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()

/** Other machines, or another generator, would begin another way. */
async function beginningOf(seed: number): Promise<string> {
  const hash = createHash('sha256')
  await generate({ records: BEGINNING, seed, onLines: (lines) => void hash.update(lines.join('\n')) })
  return hash.digest('hex').slice(0, 10)
}

const BEGINNING = 3_000

const formatDigest = (): string =>
  digestOf([
    join(import.meta.dirname, 'commit-sizes.ts'),
    ...filesIn(join(import.meta.dirname, '../../eventlog/level')),
  ])
