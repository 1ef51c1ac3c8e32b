// Seven beads for any repository at all (--repo): small modules of their own, in a folder of their own, each with its
// tests.

import { append, change, type Work } from './edit.ts'

/** Folder that the beads put their files into. */
export const OWN_FOLDER = 'gt-demo'

const test = (imports: string, name: string, ...body: readonly string[]): string =>
  [
    "import assert from 'node:assert/strict'",
    "import test from 'node:test'",
    imports,
    '',
    `test('${name}', () => {`,
    ...body.map((line) => `  ${line}`),
    '})',
    '',
  ].join('\n')

const at = (name: string): string => `${OWN_FOLDER}/${name}`
const more = (name: string, line: string): string => `\ntest('${name}', () => {\n  ${line}\n})\n`

export const ANY_WORK: readonly Work[] = [
  {
    title: 'List colours',
    needs: [],
    stepMs: 3_000,
    steps: [
      append(at('lists.mjs'), 'lists colours', "export const COLOURS = ['red', 'green', 'blue']\n"),
      append(
        at('colours.test.mjs'),
        'writes a test for colours',
        test(
          "import { COLOURS } from './lists.mjs'",
          'no colour is there twice',
          'assert.equal(new Set(COLOURS).size, 3)',
        ),
      ),
    ],
  },
  {
    title: 'List shapes',
    needs: [],
    stepMs: 3_100,
    steps: [
      append(at('lists.mjs'), 'lists shapes', "export const SHAPES = ['circle', 'square']\n"),
      append(
        at('shapes.test.mjs'),
        'writes a test for shapes',
        test(
          "import { SHAPES } from './lists.mjs'",
          'no shape is there twice',
          'assert.equal(new Set(SHAPES).size, 2)',
        ),
      ),
    ],
  },
  {
    title: 'Add, multiply and negate numbers',
    needs: [],
    killed: true,
    stepMs: 1_400,
    steps: [
      append(
        at('numbers.mjs'),
        'adds',
        'export const sum = (numbers) => numbers.reduce((all, one) => all + one, 0)\n',
      ),
      append(
        at('numbers.test.mjs'),
        'writes a test for sums',
        test(
          "import * as numbers from './numbers.mjs'",
          'numbers add up',
          'assert.equal(numbers.sum([1, 2, 3]), 6)',
        ),
      ),
      append(
        at('numbers.mjs'),
        'multiplies',
        'export const product = (numbers) => numbers.reduce((all, one) => all * one, 1)\n',
      ),
      append(
        at('numbers.test.mjs'),
        'writes a test for products',
        more('numbers are multiplied', 'assert.equal(numbers.product([2, 3, 4]), 24)'),
      ),
      append(
        at('numbers.mjs'),
        'negates',
        'export const negated = (numbers) => numbers.map((one) => -one)\n',
      ),
      append(
        at('numbers.test.mjs'),
        'writes a test for negated numbers',
        more('the other side of nothing', 'assert.deepEqual(numbers.negated([1, -2]), [-1, 2])'),
      ),
    ],
  },
  {
    title: 'Find the mean',
    needs: [],
    stepMs: 700,
    steps: [
      append(
        at('mean.mjs'),
        'divides the sum',
        'export const mean = (numbers) => numbers.reduce((all, one) => all + one, 0) / 2\n',
      ),
      append(
        at('mean.test.mjs'),
        'writes a test for three numbers',
        test(
          "import { mean } from './mean.mjs'",
          'the mean of three numbers',
          'assert.equal(mean([1, 2, 6]), 3)',
        ),
      ),
    ],
    corrections: [
      change(at('mean.mjs'), 'divides by how many there are', 'numbers.length', /\/ 2/, '/ numbers.length'),
    ],
  },
  {
    title: 'Turn words round',
    needs: [],
    stepMs: 700,
    steps: [
      append(
        at('words.mjs'),
        'turns a word round',
        "export const reversed = (word) => [...word].reverse().join('')\n",
      ),
      append(
        at('words.test.mjs'),
        'writes a test for it',
        test(
          "import { reversed } from './words.mjs'",
          'a word turned round',
          "assert.equal(reversed('till'), 'llit')",
        ),
      ),
    ],
  },
  {
    title: 'Choose a colour by number',
    needs: [0],
    stepMs: 700,
    steps: [
      append(
        at('choice.mjs'),
        'takes colours in turn',
        [
          "import { COLOURS } from './lists.mjs'",
          '',
          'export const colourOf = (number) => COLOURS[number % COLOURS.length]',
          '',
        ].join('\n'),
      ),
      append(
        at('choice.test.mjs'),
        'writes a test for it',
        test(
          "import { colourOf } from './choice.mjs'",
          'colours come in turn',
          'assert.equal(colourOf(0), colourOf(3))',
        ),
      ),
    ],
  },
  {
    title: 'Find the geometric mean',
    needs: [2],
    stepMs: 700,
    steps: [
      append(
        at('geometric.mjs'),
        'takes the root of the product',
        [
          "import { product } from './numbers.mjs'",
          '',
          'export const geometricMean = (numbers) => product(numbers) ** (1 / numbers.length)',
          '',
        ].join('\n'),
      ),
      append(
        at('geometric.test.mjs'),
        'writes a test for it',
        test(
          "import { geometricMean } from './geometric.mjs'",
          'the mean of two and eight',
          'assert.equal(geometricMean([2, 8]), 4)',
        ),
      ),
    ],
  },
]
