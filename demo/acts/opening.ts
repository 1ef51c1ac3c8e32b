// A town, a rig and seven beads, and the one command that hands them all over.

import { fileURLToPath } from 'node:url'
import { type FeedItem, followFeed } from '../feed.ts'
import { claim, type Slung, type Stage, type Status } from '../stage.ts'
import { OWN_FOLDER } from '../work/any-work.ts'

const AGENT = fileURLToPath(new URL('../agent.ts', import.meta.url))

export async function openTown({ dir, gt, teller, repository }: Stage): Promise<void> {
  teller.act('A town (folder of all your work), and a rig (project) from a git repository')
  const { rig, source } = repository
  teller.line(repository.sentence)
  await gt('install', dir, '--name', 'demo')
  teller.line(`gt install: the town is at ${dir}`)
  const { pid } = await gt<{ pid: number }>('up')
  teller.line(`gt up: it is up (pid ${pid})`)
  const own = repository.rig === 'till' ? [] : ['--no-gate']
  const added = await gt<{ sentence: string }>(
    'rig',
    'add',
    rig,
    source,
    '--target',
    repository.target,
    ...own,
  )
  if (own.length > 0) {
    const command = [process.execPath, '--test', `${OWN_FOLDER}/*.test.mjs`]
    await gt('rig', 'config', rig, 'gates.test', JSON.stringify({ command, timeout: '1m' }))
  }
  await gt('config', 'set', 'agents.demo.command', JSON.stringify([process.execPath, AGENT]))
  await gt('config', 'set', 'agents.default', 'demo')
  const sentence =
    own.length > 0 ? `Work lands on ${repository.target} of your repository's clone.` : added.sentence
  teller.line(`gt rig add: ${sentence.replaceAll(`${dir.slice(0, -'/town'.length)}/`, '')}`)
}

export async function handOver(stage: Stage, onItem: (item: FeedItem) => void): Promise<Slung> {
  const { gt, teller, works, repository } = stage
  teller.act('One gt sling hands over seven beads (units of work)')
  const beads: string[] = []
  for (const { title, needs } of works) {
    const after = needs.flatMap((n) => ['--needs', beads[n] ?? ''])
    const { id } = await gt<{ id: string }>('bead', 'create', title, '--rig', repository.rig, ...after)
    beads.push(id)
    teller.line(
      `bead ${id}: ${title}${needs.length > 0 ? `, after ${needs.map((n) => beads[n]).join(', ')}` : ''}`,
    )
  }
  const feed = followFeed(gt, onItem)
  const { slung, queued, refused } = await gt<{ slung: unknown[]; queued: unknown[]; refused: unknown[] }>(
    'sling',
    ...beads,
    repository.rig,
  )
  teller.line(`gt sling: ${slung.length} polecats (workers) begin, ${queued.length} beads wait in the queue`)
  claim(
    slung.length === 3 && queued.length === 4 && refused.length === 0,
    `Three of seven beads should have begun and four should wait, but ${slung.length} began and ${queued.length} wait.`,
  )
  return { ...stage, beads, feed }
}

export const statusOf = ({ gt }: Stage): Promise<Status> => gt<Status>('status')
