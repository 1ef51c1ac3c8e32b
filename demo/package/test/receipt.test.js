import assert from 'node:assert/strict'
import test from 'node:test'
import { EMPTY, put } from '../src/cart.js'
import { createCatalog } from '../src/catalog.js'
import * as receipts from '../src/receipt.js'

const catalog = createCatalog([{ code: 'tea', name: 'Tea', price: 450 }])
const cart = put(EMPTY, catalog, 'tea', 2)
const lines = (options) => receipts.receipt(cart, options).split('\n')

test('the name of the shop stands on top', () => {
  assert.equal(lines({ shop: 'Corner Shop' })[0], 'Corner Shop')
})

test('amounts stand on the right', () => {
  assert.equal(lines({})[0], '2 x Tea                     9.00')
})

test('the total comes last', () => {
  assert.match(lines({}).at(-1), /^Total \(2 pieces\) +9\.00$/)
})
