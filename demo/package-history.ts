// How the package in package/ came to be, in 20 commits.
//
// Owns:      titles, dates, and which part of which file is there by then.
// Does not:  hold the files: package/ has them as they are in the end.
// Always:    a file's parts are what empty lines separate; a commit has the first n parts of each file; the same
//            history has the same commit names on every machine, and the last commit is package/ byte for byte.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const AUTHOR = 'The maintainer <maintainer@till.example>'
/** 3 March 2025, 9:00 UTC, in seconds; a commit every third day. */
const FIRST = 1_740_992_400
const BETWEEN = 3 * 24 * 3_600

type Commit = {
  readonly title: string
  /** How many parts of a file are there from this commit on. */
  readonly parts: Readonly<Record<string, number>>
}

export const COMMITS: readonly Commit[] = [
  { title: 'Begin', parts: { 'package.json': 1, '.gitignore': 1, 'README.md': 2 } },
  {
    title: 'Keep money in whole cents',
    parts: { 'src/money.js': 2, 'src/index.js': 1, 'test/money.test.js': 3, 'README.md': 4 },
  },
  {
    title: 'Write amounts with two digits',
    parts: { 'src/money.js': 3, 'test/money.test.js': 5, 'README.md': 5 },
  },
  { title: 'Add amounts up', parts: { 'src/money.js': 4, 'test/money.test.js': 6 } },
  { title: 'Divide an amount without losing a cent', parts: { 'src/money.js': 5, 'test/money.test.js': 7 } },
  { title: 'Take a percentage of an amount', parts: { 'src/money.js': 6 } },
  {
    title: 'Check items before they are sold',
    parts: { 'src/catalog.js': 3, 'src/index.js': 2, 'test/catalog.test.js': 3 },
  },
  { title: 'Keep items by their code', parts: { 'src/catalog.js': 4, 'test/catalog.test.js': 4 } },
  { title: 'Name the item that is not there', parts: { 'src/catalog.js': 5, 'test/catalog.test.js': 5 } },
  {
    title: 'Put things into a cart',
    parts: { 'src/cart.js': 4, 'src/index.js': 3, 'test/cart.test.js': 4, 'README.md': 7 },
  },
  { title: 'Take things out of a cart', parts: { 'src/cart.js': 5, 'test/cart.test.js': 5 } },
  { title: 'Add up a cart', parts: { 'src/cart.js': 7, 'test/cart.test.js': 6, 'README.md': 8 } },
  { title: 'Count the pieces in a cart', parts: { 'src/cart.js': 8, 'test/cart.test.js': 7 } },
  { title: 'Count half a cent as one', parts: { 'test/money.test.js': 8 } },
  {
    title: 'Take a percentage off a price',
    parts: { 'src/discounts.js': 3, 'src/index.js': 4, 'test/discounts.test.js': 3 },
  },
  {
    title: 'Give every third piece for nothing',
    parts: { 'src/discounts.js': 4, 'test/discounts.test.js': 4 },
  },
  { title: 'Never pay anybody for buying', parts: { 'src/discounts.js': 5, 'test/discounts.test.js': 5 } },
  {
    title: 'Take the tax out of gross prices',
    parts: { 'src/tax.js': 4, 'src/index.js': 5, 'test/tax.test.js': 3 },
  },
  {
    title: 'Print receipts',
    parts: { 'src/receipt.js': 7, 'src/index.js': 6, 'test/receipt.test.js': 5, 'README.md': 11 },
  },
  { title: 'Say how the tests are run', parts: { 'README.md': 13 } },
]

/** Passages that were different before a commit (counted from 0). */
const FIXES = [
  {
    commit: COMMITS.findIndex(({ title }) => title === 'Count half a cent as one'),
    file: 'src/money.js',
    before: [
      '/** A percentage of an amount. */',
      'export function percentOf(cents, percent) {',
      '  return Math.floor((cents * percent) / 100)',
    ].join('\n'),
    after: [
      '/** A percentage of an amount; half a cent counts as one. */',
      'export function percentOf(cents, percent) {',
      '  return Math.round((cents * percent) / 100)',
    ].join('\n'),
  },
] as const

/** The history as `git fast-import` reads it. `folder` is package/. */
export function historyStream(folder: string): string {
  const wholes = new Map<string, string>()
  const there = new Map<string, number>()
  let stream = ''
  COMMITS.forEach(({ title, parts }, index) => {
    const who = `${AUTHOR} ${FIRST + index * BETWEEN} +0000`
    stream += `commit refs/heads/main\nmark :${index + 1}\nauthor ${who}\ncommitter ${who}\n${data(`${title}\n`)}`
    if (index > 0) stream += `from :${index}\n`
    for (const [file, n] of Object.entries(parts)) {
      there.set(file, n)
      if (!wholes.has(file)) wholes.set(file, readFileSync(join(folder, file), 'utf8'))
    }
    for (const [file, n] of there) {
      const text = fixedAt(index, file, firstParts(wholes.get(file) ?? '', n))
      stream += `M 100644 inline ${file}\n${data(text)}`
    }
  })
  return `${stream}done\n`
}

const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`

const firstParts = (text: string, n: number): string =>
  `${text.trimEnd().split('\n\n').slice(0, n).join('\n\n')}\n`

function fixedAt(commit: number, name: string, text: string): string {
  return FIXES.filter((fix) => fix.file === name && commit < fix.commit).reduce(
    (earlier, { after, before }) => earlier.replace(after, before),
    text,
  )
}
