// gt rig park/unpark/remote: a rig (project) that rests, and a rig of a fork that lands where its parent's does again.

import { createInterface } from 'node:readline/promises'
import { part } from '../../client/connection.ts'
import { ClientFault } from '../../client/fault.ts'
import { type Call, type Command, flagOf, given, textOf } from '../command.ts'
import type { Rig } from './rig.ts'

export const rigPark: Command = {
  name: 'rig park',
  summary: 'lets a rig (project) rest: nothing new begins, whoever works in it stops',
  usage: '<rig>',
  where: 'person',
  words: [1, 1],
  options: { reason: { type: 'text', value: '<text>', help: 'why; gt feed says so' } },
  async run(call) {
    const body = given({ rig: call.words[0], reason: textOf(call, 'reason') })
    const found = await call.town().command<{ rig: string }>('rig.park', body)
    call.out.answer({ json: found, ids: [found.rig], lines: () => [`${found.rig} is parked.`] })
  },
}

export const rigUnpark: Command = {
  name: 'rig unpark',
  summary: 'lets a rig (project) go on that was parked',
  usage: '<rig>',
  where: 'person',
  words: [1, 1],
  async run(call) {
    const found = await call.town().command<{ rig: string }>('rig.unpark', { rig: call.words[0] })
    call.out.answer({ json: found, ids: [found.rig], lines: () => [`${found.rig} goes on.`] })
  },
}

export const rigRemote: Command = {
  name: 'rig remote',
  summary: 'where a rig (project) lands; --rejoin: of a fork, where its parent’s does again',
  usage: '<rig> [--rejoin]',
  where: 'person',
  words: [1, 1],
  options: {
    rejoin: { type: 'flag', help: 'work of this rig lands in the real remote from now on' },
    yes: { type: 'flag', short: 'y', help: 'without asking whether the remote is the right one' },
  },
  async run(call) {
    const [name = ''] = call.words
    const { out } = call
    const rig = await call.town().get<Rig>(`/v1/rigs/${part(name)}`, { at: textOf(call, 'at') })
    if (!flagOf(call, 'rejoin')) {
      const { remote, apart } = rig
      const lines = () => [
        remote.url,
        ...(apart === null
          ? []
          : [`apart from ${apart.url}: gt rig remote ${rig.name} --rejoin lands there again`]),
      ]
      out.answer({ json: { rig: rig.name, remote, apart }, ids: [remote.url], lines })
      return
    }
    if (rig.apart === null)
      throw new ClientFault(
        'RIG_NOT_APART',
        `The rig ${rig.name} lands in ${rig.remote.url}, and is apart from nothing.`,
      )
    await confirm(call, rig.name, rig.apart.url)
    const found = await call
      .town()
      .command<{ alone: string[] }>('rig.rejoin', { rig: rig.name, url: rig.apart.url })
    const { url } = rig.apart
    const lines = () => [
      `${rig.name} lands in ${url} from now on.`,
      ...(found.alone.length === 0
        ? []
        : [
            `What landed in this fork alone is not there: ${found.alone.join(', ')} (git -C ${rig.remote.url} log ${rig.target.branch}).`,
          ]),
    ]
    out.answer({ json: found, ids: [rig.name], lines })
  },
}

/** From here on the work of a fork is seen by others. @throws {ClientFault} CONFIRMATION_NEEDED */
async function confirm(call: Call, rig: string, url: string): Promise<void> {
  if (flagOf(call, 'yes')) return
  const refused = new ClientFault('CONFIRMATION_NEEDED', `What lands in ${rig} would be pushed to ${url}.`, {
    remedy: 'Say --yes if that is what you want.',
    details: { rig, url },
  })
  if (process.stdin.isTTY !== true || call.out.json) throw refused
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const said = await asking.question(`What lands in ${rig} will be pushed to ${url}. Go on? [y/N] `)
    if (!/^y(es)?$/i.test(said.trim())) throw refused
  } finally {
    asking.close()
  }
}
