import { expect, test } from 'vitest'
import { diskFloor, floorBytes, sizeText } from '../../src/events/disk-floor.ts'
import { decisions } from '../support/decisions.ts'
import { message } from '../support/messages.ts'

const mayor = () => decisions('mayor')
const open = message('dispatch.openRig', { placesMax: 2 })
const sling = (bead: string, changed: object = {}) => ({
  ...message('dispatch.request', { bead }),
  ...changed,
})
const ready = (bead: string) => message('dispatch.ready', { bead })
const seen = (freeBytes: number) =>
  message('disk.seen', { freeBytes, floorBytes: 1_000_000_000, totalBytes: 100_000_000_000 })
const low = [open, seen(900_000_000)]

test('[MAYOR-30] below the floor no bead gets a place, with a place free; a person is told once, with how much is free', () => {
  mayor()
    .given(open)
    .when(seen(900_000_000))
    .gives({
      facts: [
        { type: 'DiskLow', freeBytes: 900_000_000 },
        {
          type: 'EscalationRaised',
          code: 'DISK_LOW',
          reason: expect.stringContaining('900 MB free, less than disk.floor (1 GB)'),
        },
      ],
      effects: [['notice.send', {}]],
      tells: [],
    })
  mayor()
    .given(...low, sling('sh-1'))
    .when(ready('sh-1'))
    .gives({
      facts: [{ type: 'DispatchWaiting', bead: 'sh-1', waitingFor: { kind: 'disk', id: 'town' } }],
      tells: [],
    })
  mayor()
    .given(...low)
    .when(sling('sh-1', { now: true }))
    .gives({ refused: 'NO_PLACE' })
})

test('[MAYOR-30] what is a little above the floor begins nothing; with a tenth more work begins by itself, and the question is settled', () => {
  const waiting = [...low, sling('sh-1'), ready('sh-1')]
  mayor()
    .given(...waiting)
    .when(seen(1_050_000_000))
    .gives({ refused: 'UNEXPECTED' })
  mayor()
    .given(...waiting)
    .when(seen(1_100_000_000))
    .gives({
      facts: [
        { type: 'DiskFree' },
        { type: 'EscalationClosed', note: 'there is room again' },
        { type: 'DispatchStarted', bead: 'sh-1' },
      ],
    })
})

test('[MAYOR-30] a look that changes nothing leaves no record, and landings are not held', () => {
  mayor().given(open).when(seen(2_000_000_000)).gives({ refused: 'UNEXPECTED' })
  mayor()
    .given(...low)
    .when(seen(100_000_000))
    .gives({ refused: 'UNEXPECTED' })
  mayor()
    .given(...low)
    .when({ ...open, rig: 'barn' })
    .gives({ tells: [] })
})

test('[MAYOR-30] the floor is a size or a share of the disk, within its range; without one 1 GB, or 5 % where that is less', () => {
  expect(floorBytes(undefined, 100e9)).toBe(1e9)
  expect(floorBytes(undefined, 10e9)).toBe(5e8)
  expect(floorBytes('5GB', 10e9)).toBe(5e9)
  expect(floorBytes('2.5 %', 10e9)).toBe(2.5e8)
  expect(floorBytes('0%', 10e9)).toBe(0)
  for (const fits of ['50MB', '1TB', '5 gb', '0%', '50%', '1.5GB'])
    expect(diskFloor.safeParse(fits).success, fits).toBe(true)
  for (const not of ['', '5', '1KB', '49MB', '1.1TB', '51%', '-1GB', '1e9', 'GB', '5GB5'])
    expect(diskFloor.safeParse(not).success, not).toBe(false)
  expect(diskFloor.safeParse('49MB').error?.issues[0]?.message).toContain('from 50MB to 1TB')
  expect([5e8, 1.55e9, 123e9, 12].map(sizeText)).toEqual(['500 MB', '1.6 GB', '123 GB', '12 B'])
})
