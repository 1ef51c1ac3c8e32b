import assert from 'node:assert/strict'
import test from 'node:test'
import * as money from '../src/money.js'

test('a whole number is an amount', () => {
  assert.equal(money.isMoney(1999), true)
})

test('a fraction is no amount', () => {
  assert.equal(money.isMoney(19.99), false)
})

test('an amount is written with two digits', () => {
  assert.equal(money.format(1999), '19.99')
  assert.equal(money.format(5), '0.05')
})

test('a debt is written with a minus', () => {
  assert.equal(money.format(-250), '-2.50')
})

test('amounts add up', () => {
  assert.equal(money.add(1, 20, 300), 321)
  assert.equal(money.add(), 0)
})

test('shares add up again', () => {
  assert.deepEqual(money.share(1000, 3), [334, 333, 333])
  assert.deepEqual(money.share(-1000, 3), [-334, -333, -333])
})

test('half a cent counts as one', () => {
  assert.equal(money.percentOf(50, 1), 1)
  assert.equal(money.percentOf(1000, 10), 100)
})
