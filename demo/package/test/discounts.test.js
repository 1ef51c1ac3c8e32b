import assert from 'node:assert/strict'
import test from 'node:test'
import * as discounts from '../src/discounts.js'

test('ten percent off ten is nine', () => {
  assert.equal(discounts.percentOff(1000, 10), 900)
})

test('a discount is rounded once', () => {
  assert.equal(discounts.percentOff(999, 15), 849)
})

test('every third piece is free', () => {
  const item = { code: 'tea', name: 'Tea', price: 450 }
  assert.equal(discounts.threeForTwo({ item, quantity: 3 }), 900)
  assert.equal(discounts.threeForTwo({ item, quantity: 5 }), 1800)
})

test('nobody is paid for buying', () => {
  assert.equal(discounts.amountOff(300, 500), 0)
})
