// gt bead dep: what a bead needs before it can begin.

import type { Call, Command } from '../command.ts'
import { readOne } from '../reading.ts'
import { stateOf } from '../words-for.ts'
import type { Bead } from './bead-list.ts'

export const depAdd: Command = {
  name: 'bead dep add',
  summary: 'says that a bead needs another one to be closed first',
  usage: '<bead> <needed bead>',
  words: [2, 2],
  run: (call) => change(call, 'bead.dep.add'),
}

export const depRemove: Command = {
  name: 'bead dep remove',
  summary: 'says that a bead no longer needs another one',
  usage: '<bead> <needed bead>',
  words: [2, 2],
  run: (call) => change(call, 'bead.dep.remove'),
}

export const depTree: Command = {
  name: 'bead dep tree',
  summary: 'what a bead needs, and what that needs',
  usage: '<bead>',
  words: [1, 1],
  async run(call) {
    const tree = await treeOf(call, call.words[0] as string, new Set())
    call.out.answer({ json: tree, ids: idsOf(tree), lines: () => drawn(tree, '') })
  },
}

type Tree = { id: string; title: string; state: string; needs: Tree[] }

async function change(call: Call, name: string): Promise<undefined> {
  const [bead, needs] = call.words
  const found = await call.town().command<{ id: string }>(name, { bead, needs })
  call.out.answer({ json: found, ids: [found.id], lines: () => [] })
}

async function treeOf(call: Call, id: string, seen: Set<string>): Promise<Tree> {
  const bead = await readOne<Bead & { needs: string[] }>(call, 'beads', id)
  const needs: Tree[] = []
  // Something that is needed twice is shown with its own needs once.
  if (!seen.has(bead.id)) {
    seen.add(bead.id)
    for (const need of bead.needs) needs.push(await treeOf(call, need, seen))
  }
  return { id: bead.id, title: bead.title, state: stateOf(bead), needs }
}

const idsOf = ({ id, needs }: Tree): string[] => [id, ...needs.flatMap(idsOf)]

const drawn = ({ id, title, state, needs }: Tree, indent: string): string[] => [
  `${indent}${id}  ${title}  (${state})`,
  ...needs.flatMap((need) => drawn(need, `${indent}  `)),
]
