// gt bead update, close, reopen, comment, label.

import { type Call, type Command, given, listOf, numberOf, textOf } from '../command.ts'
import { description } from './bead-create.ts'

const reason = { reason: { type: 'text', value: '<text>', help: 'why' } } as const

export const beadUpdate: Command = {
  name: 'bead update',
  summary: 'changes a bead',
  usage: '<bead>',
  words: [1, 1],
  options: {
    title: { type: 'text', value: '<title>', help: 'a new title' },
    type: { type: 'text', value: '<type>', help: 'a new type' },
    priority: { type: 'number', value: '<0-4>', help: 'a new priority' },
    label: { type: 'list', value: '<label>', help: 'these labels instead of those it has' },
    description: { type: 'text', value: '<text>', help: 'a new description' },
    file: { type: 'text', value: '<file>', help: 'the description from a file; - reads the input' },
  },
  run: (call) =>
    change(call, 'bead.update', {
      title: textOf(call, 'title'),
      type: textOf(call, 'type'),
      priority: numberOf(call, 'priority'),
      label: listOf(call, 'label'),
      description: description(call),
    }),
}

export const beadClose: Command = {
  name: 'bead close',
  summary: 'closes a bead by hand, without a landing',
  usage: '<bead>',
  words: [1, 1],
  options: reason,
  run: (call) => change(call, 'bead.close', { reason: textOf(call, 'reason') }),
}

export const beadReopen: Command = {
  name: 'bead reopen',
  summary: 'opens a bead again',
  usage: '<bead>',
  words: [1, 1],
  options: reason,
  run: (call) => change(call, 'bead.reopen', { reason: textOf(call, 'reason') }),
}

export const beadComment: Command = {
  name: 'bead comment',
  summary: 'says something about a bead',
  usage: '<bead> <text>',
  words: [2, 2],
  run: (call) => change(call, 'bead.comment', { text: call.words[1] }),
}

export const beadLabel: Command = {
  name: 'bead label',
  summary: 'adds labels to a bead, or removes them',
  usage: '<bead>',
  words: [1, 1],
  options: {
    add: { type: 'list', value: '<label>', help: 'may be given several times' },
    remove: { type: 'list', value: '<label>', help: 'may be given several times' },
  },
  run: (call) => change(call, 'bead.label', { add: listOf(call, 'add'), remove: listOf(call, 'remove') }),
}

async function change(call: Call, name: string, fields: Record<string, unknown>): Promise<undefined> {
  const found = await call.town().command<{ id: string }>(name, given({ bead: call.words[0], ...fields }))
  call.out.answer({ json: found, ids: [found.id], lines: () => [] })
}
