import assert from 'node:assert/strict'
import test from 'node:test'
import * as tax from '../src/tax.js'

test('tax is taken out of the gross price', () => {
  assert.equal(tax.taxIn(1190), 190)
})

test('food has a lower rate', () => {
  assert.equal(tax.netOf(107, 'reduced'), 100)
})
