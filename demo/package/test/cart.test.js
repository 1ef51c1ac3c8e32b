import assert from 'node:assert/strict'
import test from 'node:test'
import * as carts from '../src/cart.js'
import { createCatalog } from '../src/catalog.js'

const catalog = createCatalog([
  { code: 'tea', name: 'Tea', price: 450 },
  { code: 'cup', name: 'Cup', price: 1200 },
])

test('putting the same item in again counts it up', () => {
  const cart = carts.put(carts.put(carts.EMPTY, catalog, 'tea'), catalog, 'tea', 2)
  assert.deepEqual(cart.lines.map(({ quantity }) => quantity), [3])
})

test('a cart that was changed stays as it was', () => {
  carts.put(carts.EMPTY, catalog, 'tea')
  assert.deepEqual(carts.EMPTY.lines, [])
})

test('an item is taken out whole', () => {
  const cart = carts.put(carts.put(carts.EMPTY, catalog, 'tea', 3), catalog, 'cup')
  assert.deepEqual(carts.drop(cart, 'tea').lines.map(({ item }) => item.code), ['cup'])
})

test('a cart costs what its lines cost', () => {
  const cart = carts.put(carts.put(carts.EMPTY, catalog, 'tea', 2), catalog, 'cup')
  assert.equal(carts.total(cart), 2100)
  assert.equal(carts.total(carts.EMPTY), 0)
})

test('pieces are counted, not lines', () => {
  assert.equal(carts.count(carts.put(carts.EMPTY, catalog, 'tea', 4)), 4)
})
