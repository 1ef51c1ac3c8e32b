import assert from 'node:assert/strict'
import test from 'node:test'
import * as catalogs from '../src/catalog.js'

test('an item needs a code', () => {
  assert.throws(() => catalogs.checkItem({ code: '', price: 100 }), /needs a code/)
})

test('a price must be an amount', () => {
  assert.throws(() => catalogs.checkItem({ code: 'tea', price: 2.5 }), /no amount/)
})

test('the same code twice is refused', () => {
  const tea = { code: 'tea', name: 'Tea', price: 450 }
  assert.throws(() => catalogs.createCatalog([tea, tea]), /twice/)
})

test('an item is found by its code', () => {
  const tea = { code: 'tea', name: 'Tea', price: 450 }
  assert.equal(catalogs.find(catalogs.createCatalog([tea]), 'tea'), tea)
  assert.throws(() => catalogs.find(new Map(), 'tea'), /no item tea/)
})
