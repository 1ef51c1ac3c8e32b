// Packing: many JSON values as bytes that are quicker to read than their text, and smaller.
//
// Owns:      the form of packed values, writing and reading it.
// Does not:  promise that a text comes back: whoever packs compares, and keeps the text if it does not.
// Always:    without eval (readers made for each shape were slower: there are too many); reading ends, by an error if need
//            be, whatever the bytes are.
//
// The bytes: size:4 and a JSON text [shapes, strings] of that size, in which each list of keys and each string is there
// once; then one value after the other. All strings are read by one call of JSON.parse, which is why reading is quick:
// in JavaScript text is slow to decode, and numbers are not.
//
// A value is a number n, 7 bits a byte, the lowest first. n % 4 says what n / 4 is:
//   0  the place of a string
//   1  a whole number
//   2  the place of a shape; the values of its keys follow
//   3  0 null, 1 true, 2 false, 3 a whole number below zero (its opposite follows), 4 a double (8 bytes follow),
//      from 5 on an array with that many values less 5, which follow

const STRING = 0
const WHOLE = 1
const SHAPE = 2
const OTHER = 3
const NULL = 0
const TRUE = 1
const FALSE = 2
const NEGATIVE = 3
const DOUBLE = 4
const ARRAY = 5

/** Four times as much is still exact. */
const WHOLE_MAX = 2 ** 50
/** Up to here `>>` and `&` say the same as division. */
const BITS_MAX = 2 ** 30

/** Takes values as JSON.parse gives them. */
export class Packer {
  readonly #strings = new Map<string, number>()
  readonly #shapes = new Map<string, { readonly place: number; readonly keys: readonly string[] }>()
  #bytes = Buffer.allocUnsafe(64 * 1024)
  #at = 0

  /** @throws {RangeError} when values are nested too deeply */
  add(value: unknown): void {
    if (typeof value === 'string') this.#number(this.#placeOf(value) * 4 + STRING)
    else if (typeof value === 'number') this.#addNumber(value)
    else if (value === null) this.#number(NULL * 4 + OTHER)
    else if (typeof value === 'boolean') this.#number((value ? TRUE : FALSE) * 4 + OTHER)
    else if (Array.isArray(value)) {
      this.#number((ARRAY + value.length) * 4 + OTHER)
      for (const item of value) this.add(item)
    } else if (typeof value === 'object') this.#addObject(value as Readonly<Record<string, unknown>>)
    else throw new TypeError(`A ${typeof value} is no JSON value.`)
  }

  finish(): Buffer {
    const shapes = [...this.#shapes.values()].map(({ keys }) => keys)
    const head = Buffer.from(JSON.stringify([shapes, [...this.#strings.keys()]]))
    const size = Buffer.allocUnsafe(4)
    size.writeUInt32BE(head.length, 0)
    return Buffer.concat([size, head, this.#bytes.subarray(0, this.#at)])
  }

  #placeOf(text: string): number {
    let place = this.#strings.get(text)
    if (place === undefined) {
      place = this.#strings.size
      this.#strings.set(text, place)
    }
    return place
  }

  #addNumber(value: number): void {
    const whole = Number.isInteger(value) && Math.abs(value) < WHOLE_MAX && !Object.is(value, -0)
    if (whole && value >= 0) this.#number(value * 4 + WHOLE)
    else if (whole) {
      this.#number(NEGATIVE * 4 + OTHER)
      this.#number(-value)
    } else {
      this.#number(DOUBLE * 4 + OTHER)
      this.#room(8)
      this.#at = this.#bytes.writeDoubleLE(value, this.#at)
    }
  }

  #addObject(value: Readonly<Record<string, unknown>>): void {
    const keys = Object.keys(value)
    const name = JSON.stringify(keys)
    let shape = this.#shapes.get(name)
    if (shape === undefined) {
      shape = { place: this.#shapes.size, keys }
      this.#shapes.set(name, shape)
    }
    this.#number(shape.place * 4 + SHAPE)
    for (const key of keys) this.add(value[key])
  }

  #number(value: number): void {
    this.#room(8)
    let rest = value
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 128
    this.#bytes[this.#at++] = rest
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(this.#bytes.length * 2)
    this.#bytes.copy(larger)
    this.#bytes = larger
  }
}

type Shapes = readonly (readonly string[])[]

/** Reads the values again, in the order in which they were added. */
export class PackedValues {
  readonly #bytes: Uint8Array
  readonly #strings: readonly string[]
  readonly #shapes: Shapes
  #at: number

  /** @throws when the bytes are none that a Packer made */
  constructor(bytes: Buffer) {
    this.#at = 4 + bytes.readUInt32BE(0)
    const [shapes, strings] = JSON.parse(bytes.toString('utf8', 4, this.#at)) as [Shapes, readonly string[]]
    this.#shapes = shapes
    this.#strings = strings
    // Reading a byte from a Buffer is slower.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** @throws {RangeError} when there are fewer */
  next(count: number): unknown[] {
    bytes = this.#bytes
    at = this.#at
    strings = this.#strings
    shapes = this.#shapes
    const values: unknown[] = []
    for (let index = 0; index < count; index += 1) values.push(readValue())
    this.#at = at
    return values
  }

  /** Passes over some, without making them. @throws {RangeError} when there are fewer */
  skip(count: number): void {
    bytes = this.#bytes
    at = this.#at
    shapes = this.#shapes
    // Each says how many more belong to it.
    for (let left = count; left > 0; left -= 1) left += partsOf(readNumber())
    this.#at = at
  }
}

// What is being read: nothing else runs between next() and its end, and fields of an object take twice as long.
let bytes: Uint8Array = new Uint8Array()
let at = 0
let strings: readonly string[] = []
let shapes: Shapes = []

const double = new Float64Array(1)
const doubleBytes = new Uint8Array(double.buffer)

function readValue(): unknown {
  const number = readNumber()
  if (number >= BITS_MAX) return number % 4 === WHOLE ? Math.floor(number / 4) : readOther(number / 4)
  const rest = number >> 2
  switch (number & 3) {
    case STRING:
      return strings[rest]
    case WHOLE:
      return rest
    case SHAPE:
      return readObject(rest)
    default:
      return readOther(rest)
  }
}

/** How many values follow that are parts of this one; what belongs to it besides is passed over. */
function partsOf(number: number): number {
  const kind = number % 4
  const rest = Math.floor(number / 4)
  if (kind === SHAPE) return shapeAt(rest).length
  if (kind !== OTHER || rest < NEGATIVE) return 0
  if (rest === NEGATIVE) readNumber()
  else if (rest === DOUBLE) at += 8
  else return rest - ARRAY
  return 0
}

function readNumber(): number {
  let byte = nextByte()
  if (byte < 128) return byte
  let number = byte & 127
  for (let factor = 128; ; factor *= 128) {
    byte = nextByte()
    if (byte < 128) return number + byte * factor
    number += (byte & 127) * factor
  }
}

function nextByte(): number {
  const byte = bytes[at]
  if (byte === undefined) throw new RangeError('The packed values end too early.')
  at += 1
  return byte
}

function readObject(place: number): unknown {
  const keys = shapeAt(place)
  const object: Record<string, unknown> = {}
  for (let index = 0; index < keys.length; index += 1) object[keys[index] as string] = readValue()
  return object
}

function shapeAt(place: number): readonly string[] {
  const keys = shapes[place]
  if (keys === undefined) throw new RangeError(`There is no shape ${place}.`)
  return keys
}

function readOther(which: number): unknown {
  if (which === NULL) return null
  if (which === TRUE) return true
  if (which === FALSE) return false
  if (which === NEGATIVE) return -readNumber()
  if (which === DOUBLE) {
    for (let index = 0; index < 8; index += 1) doubleBytes[index] = nextByte()
    return double[0]
  }
  const length = which - ARRAY
  if (length > bytes.length - at) throw new RangeError(`There is no array of ${length} values.`)
  const array: unknown[] = []
  for (let index = 0; index < length; index += 1) array.push(readValue())
  return array
}
