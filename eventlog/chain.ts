// The chain: what makes the order and the text of all entries one number.
//
// Owns:      digest(n) and chain(n) of rule L8.
// Does not:  know where lines are kept.
// Always:    a chain value is 32 raw bytes inside the library, 64 hex digits outside.

import { hash } from 'node:crypto'
import { erasedDigest } from './erased.ts'

/** chain(0): the chain of an empty log. */
export const CHAIN_START: Buffer = Buffer.alloc(32)

/** The 64 bytes under the hash. Shared: nothing else runs between filling it and hashing it. */
const both = Buffer.alloc(64)

/**
 * chain(n) = SHA-256(chain(n-1) + digest(n)), over the 64 raw bytes; digest(n) = SHA-256 of the line's UTF-8 bytes as
 * they were first written: an erased line keeps that digest (erased.ts).
 * By way of hexadecimal: node:crypto takes three times as long to hand out a buffer.
 */
export function chainAfter(previous: Buffer, line: string): Buffer {
  previous.copy(both, 0)
  both.write(erasedDigest(line) ?? hash('sha256', line, 'hex'), 32, 'hex')
  return Buffer.from(hash('sha256', both, 'hex'), 'hex')
}

export function chainOver(previous: Buffer, lines: readonly string[]): Buffer {
  let chain = previous
  for (const line of lines) chain = chainAfter(chain, line)
  return chain
}

/** Inside to outside. */
export function chainText(chain: Buffer): string {
  return chain.toString('hex')
}

/** Outside to inside. */
export function chainBytes(text: string): Buffer {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new TypeError(`A chain value has 64 hex digits, not "${text}".`)
  return Buffer.from(text, 'hex')
}
