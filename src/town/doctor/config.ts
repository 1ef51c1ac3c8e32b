// Settings that can be read, files that only their owner may read.

import { chmodSync, lstatSync } from 'node:fs'
import { hostFiles } from '../../pty/host-files.ts'
import { townFiles } from '../files.ts'
import { openPrices } from '../prices/prices.ts'
import { type Check, type Examined, type Found, notChecked, ok } from './types.ts'

export const configChecks: readonly Check[] = [
  { group: 'config', name: 'config.settings', run: async (town) => settingsAreRead(town) },
  { group: 'config', name: 'config.prices', run: async ({ dir }) => pricesAreRead(dir) },
  { group: 'config', name: 'config.secrets', run: async ({ dir }) => secretsAreKept(dir) },
]

function settingsAreRead({ known, unknownWhy }: Examined): Found {
  if (known === null) return notChecked(unknownWhy)
  if (known.unreadable.length === 0) return ok('Every setting can be read.')
  return {
    state: 'error',
    sentence: 'A setting cannot be read by this gt; its default holds.',
    items: known.unreadable.map(({ rig, key, why }) => `${key}${rig === null ? '' : ` of ${rig}`}: ${why}`),
    cure: 'gt config set <key> <value>, or gt config unset <key>; with --rig <rig> for a rig',
  }
}

function pricesAreRead(dir: string): Found {
  const prices = openPrices(dir)
  prices.refresh()
  const { problem } = prices
  if (problem === null) return ok('The table of prices can be read.')
  return { state: 'warning', sentence: problem.message, cure: `correct ${dir}/prices.json` }
}

/** A file that is too open is closed: nobody of this account loses anything by it. */
function secretsAreKept(dir: string): Found {
  const { secret, operatorToken, tokens, own, sessions } = townFiles(dir)
  const wanted = [
    ...[secret, operatorToken, tokens, hostFiles(dir).key].map((path) => ({ path, mode: 0o600 })),
    ...[own, sessions].map((path) => ({ path, mode: 0o700 })),
  ]
  const open = wanted.filter(({ path }) => {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    return stat !== undefined && !stat.isSymbolicLink() && (stat.mode & 0o077) !== 0
  })
  if (open.length === 0) return ok('Tokens and keys can be read by you alone.')
  return {
    state: 'error',
    sentence: 'Others on this machine can reach tokens or keys of the town.',
    items: open.map(({ path, mode }) => `chmod ${mode.toString(8)} ${path}`),
    cure: 'gt doctor --fix',
    async fix() {
      for (const { path, mode } of open) chmodSync(path, mode)
      return `Closed to others: ${open.map(({ path }) => path).join(', ')}.`
    },
  }
}
