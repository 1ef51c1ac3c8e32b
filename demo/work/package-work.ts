// The seven beads of the package in package/, and the edits that do them. The suite there holds each of them up.

import { append, change, insert, type Work } from './edit.ts'

const RECEIPT = 'src/receipt.js'
const RECEIPT_TEST = 'test/receipt.test.js'
const SHOP_TEST = `test('the name of the shop stands on top', () => {
  assert.equal(lines({ shop: 'Corner Shop' })[0], 'Corner Shop')
})
`

export const PACKAGE_WORK: readonly Work[] = [
  {
    title: 'Print the date on the receipt',
    needs: [],
    stepMs: 2_000,
    steps: [
      change(
        RECEIPT,
        'puts the date below the name',
        'date',
        /head\(\{ shop(.*) \}\) \{\n {2}return \[shop(.*)\]\.filter/,
        'head({ shop$1, date }) {\n  return [shop$2, date].filter',
      ),
      insert(
        RECEIPT_TEST,
        'writes a test for the date',
        SHOP_TEST,
        `
test('the date stands under the name of the shop', () => {
  assert.ok(lines({ shop: 'Corner Shop', date: '2025-05-02' }).slice(1, 3).includes('2025-05-02'))
})
`,
      ),
      insert(
        'README.md',
        'says so in the README',
        '- the name of the shop stands on top\n',
        '- `date` is printed below it\n',
      ),
    ],
  },
  {
    title: 'Print on the receipt which till it came from',
    needs: [],
    stepMs: 2_100,
    steps: [
      change(
        RECEIPT,
        "puts the till's number below the name",
        'till',
        /head\(\{ shop(.*) \}\) \{\n {2}return \[shop(.*)\]\.filter/,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a file
        'head({ shop$1, till }) {\n  return [shop$2, till && `Till ${till}`].filter',
      ),
      insert(
        RECEIPT_TEST,
        'writes a test for it',
        SHOP_TEST,
        `
test('a receipt says which till it came from', () => {
  assert.ok(lines({ shop: 'Corner Shop', till: 3 }).slice(1, 3).includes('Till 3'))
})
`,
      ),
      insert(
        'README.md',
        'says so in the README',
        '- the name of the shop stands on top\n',
        '- `till` says which till it came from\n',
      ),
    ],
  },
  {
    title: 'Read the prices that people type',
    needs: [],
    killed: true,
    stepMs: 1_200,
    steps: [
      append(
        'src/money.js',
        'reads 19.99',
        `
const FORMS = [
  /^(-?\\d+)\\.(\\d\\d)$/,
]

/** An amount as people type it: \`19.99\`. */
export function parse(text) {
  const words = text.trim()
  for (const form of FORMS) {
    const [, whole, cents = ''] = form.exec(words) ?? []
    if (whole !== undefined) return Number(whole + cents.padEnd(2, '0'))
  }
  throw new RangeError(\`\${JSON.stringify(text)} is no amount\`)
}
`,
        'export function parse',
      ),
      append(
        'test/money.test.js',
        'writes a test for 19.99',
        `
test('what was written can be read', () => {
  for (const cents of [0, 5, 1999, -250]) assert.equal(money.parse(money.format(cents)), cents)
})
`,
      ),
      insert('src/money.js', 'reads 19,99', '\\.(\\d\\d)$/,\n', '  /^(-?\\d+),(\\d\\d)$/,\n'),
      append(
        'test/money.test.js',
        'writes a test for 19,99',
        `
test('a comma is as good as a point', () => {
  assert.equal(money.parse('19,99'), 1999)
})
`,
      ),
      insert('src/money.js', 'reads 20', ',(\\d\\d)$/,\n', '  /^(-?\\d+)$/,\n'),
      append(
        'test/money.test.js',
        'writes a test for 20',
        `
test('cents may be left out', () => {
  assert.equal(money.parse(' 20 '), 2000)
})
`,
      ),
      append(
        'test/money.test.js',
        'writes a test for words',
        `
test('words are no amount', () => {
  assert.throws(() => money.parse('twenty'), /"twenty" is no amount/)
})
`,
      ),
      insert(
        'README.md',
        'says so in the README',
        '- `share(1000, 3)` gives parts that add up again\n',
        '- `parse("19,99")` reads what people type\n',
      ),
    ],
  },
  {
    title: 'Take half percents off',
    needs: [],
    stepMs: 700,
    steps: [
      change(
        'src/discounts.js',
        'counts a discount in half percents',
        'halves',
        /percentOff\(cents, percent\) \{\n {2}return cents - percentOf\(cents, percent\)/,
        'percentOff(cents, percent) {\n  const halves = Math.round(percent * 2)\n  return cents - percentOf(cents, halves)',
      ),
      insert(
        'test/discounts.test.js',
        'writes a test for half a percent',
        "test('a discount is rounded once', () => {\n  assert.equal(discounts.percentOff(999, 15), 849)\n})\n",
        `
test('half a percent counts', () => {
  assert.equal(discounts.percentOff(10000, 2.5), 9750)
})
`,
      ),
    ],
    corrections: [
      change(
        'src/discounts.js',
        'half percents are not percents',
        'halves / 2)',
        /percentOf\(cents, halves\)/,
        'percentOf(cents, halves / 2)',
      ),
    ],
  },
  {
    title: 'Refuse quantities that are not whole',
    needs: [],
    stepMs: 700,
    steps: [
      insert(
        'src/cart.js',
        'checks the quantity',
        'export function put(cart, catalog, code, quantity = 1) {\n',
        "  if (!Number.isInteger(quantity) || quantity < 1) throw new RangeError('a quantity is 1 or more')\n",
      ),
      insert(
        'test/cart.test.js',
        'writes a test for half a cup',
        "test('a cart that was changed stays as it was', () => {\n  carts.put(carts.EMPTY, catalog, 'tea')\n  assert.deepEqual(carts.EMPTY.lines, [])\n})\n",
        `
test('nobody buys half a cup', () => {
  assert.throws(() => carts.put(carts.EMPTY, catalog, 'cup', 0.5), /1 or more/)
})
`,
      ),
    ],
  },
  {
    title: 'Say on the receipt what is due in cash',
    needs: [0],
    stepMs: 700,
    steps: [
      change(
        RECEIPT,
        'adds a line below the total',
        'Cash',
        /return \[(row\(`Total .*?, total\(cart\)\))\]/,
        "const cash = Math.round(total(cart) / 5) * 5\n  return [$1, row('Cash', cash)]",
      ),
      change(
        RECEIPT_TEST,
        'expects the total above it',
        '.at(-2)',
        /the total comes last', \(\) => \{\n {2}assert\.match\(lines\(\{\}\)\.at\(-1\)/,
        "the total comes below the goods', () => {\n  assert.match(lines({}).at(-2)",
      ),
      append(
        RECEIPT_TEST,
        'writes a test for cash',
        `
test('cash is rounded to five cents', () => {
  const pin = createCatalog([{ code: 'pin', name: 'Pin', price: 103 }])
  assert.match(receipts.receipt(put(EMPTY, pin, 'pin')).split('\\n').at(-1), /^Cash +1\\.05$/)
})
`,
      ),
    ],
  },
  {
    title: 'Make a catalog from a price list',
    needs: [2],
    stepMs: 700,
    steps: [
      change(
        'src/catalog.js',
        'reads prices with parse',
        'isMoney, parse',
        /import \{ isMoney \}/,
        'import { isMoney, parse }',
      ),
      append(
        'src/catalog.js',
        'reads a price list',
        `
/** A catalog from lines like \`tea;Tea;4,50\`. */
export function fromPriceList(text) {
  const lines = text.split('\\n').filter((line) => line.trim() !== '')
  return createCatalog(
    lines.map((line) => {
      const [code, name, price] = line.split(';')
      return { code, name, price: parse(price) }
    }),
  )
}
`,
      ),
      append(
        'test/catalog.test.js',
        'writes a test for a price list',
        `
test('a price list becomes a catalog', () => {
  const catalog = catalogs.fromPriceList('tea;Tea;4,50\\ncup;Cup;12.00\\n')
  assert.equal(catalogs.find(catalog, 'cup').price, 1200)
  assert.equal(catalog.size, 2)
})
`,
      ),
    ],
  },
]
