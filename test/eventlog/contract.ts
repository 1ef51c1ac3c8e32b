// The contract: what every engine of the event log must do, as tests.
//
// Owns:      one test for each observable part of the rules L1 to L11.
// Does not:  know an engine; a subject opens one, makes it fail, holds its writes and damages it.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type Entry,
  type EventLog,
  exportLines,
  type LogOptions,
  type LogProblem,
  type Stored,
  unpackEntries,
  unpackEntry,
  unpackLines,
  verifyExport,
} from '../../eventlog/index.ts'

export type Subject = {
  /** Opens the log, creating it the first time. The one before must be closed. */
  open(options?: LogOptions): Promise<EventLog>
  /** The next write rejects: 'lost' did not happen, 'written' did. */
  failNext(fault: 'lost' | 'written'): void
  /** From now on writes do not become durable, until release(). */
  hold(): void
  release(): void
  /** Flips one bit in the kept line of an entry, while no log is open. */
  damage(seq: number): Promise<void>
  /** The archive file that holds an entry is gone, or back again; while no log is open. */
  loseArchive(seq: number, lost: boolean): Promise<void>
  /** Where a backup of that name may be made. */
  placeOf(name: string): string
  openBackup(place: string): Promise<EventLog>
  dispose(): Promise<void>
}

export function eventLogContract(name: string, makeSubject: () => Promise<Subject>): void {
  describe(`event log on ${name}`, () => {
    let subject: Subject
    let log: EventLog

    beforeEach(async () => {
      subject = await makeSubject()
      log = await subject.open()
    })
    afterEach(async () => {
      subject.release()
      await log.close()
      await subject.dispose()
    })

    const restart = async (options?: LogOptions) => {
      await log.close()
      log = await subject.open(options)
    }
    const fill = async (count: number, prefix = 'fill') => {
      const from = log.next
      const all: Promise<unknown>[] = []
      for (let n = from; n < from + count; n += 1) all.push(log.append([entry(n)], { id: `${prefix}-${n}` }))
      await Promise.all(all)
    }

    test('[L1] the first entry is 1 and each append goes on without a gap, also after a restart', async () => {
      expect(log.head).toEqual({ seq: 0, chain: '0'.repeat(64) })
      expect(await log.append([entry(1)], { id: 'a' })).toEqual({ first: 1, last: 1, repeated: false })
      expect(await log.append([entry(2), entry(3)], { id: 'b' })).toEqual({
        first: 2,
        last: 3,
        repeated: false,
      })
      const before = log.head
      await restart()
      expect(log.head).toEqual(before)
      expect(await log.append([entry(4)], { id: 'c' })).toEqual({ first: 4, last: 4, repeated: false })
      expect((await all(log)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
    })

    test('[L1] an entry comes back as the text it was written as, with seq as its first key', async () => {
      const odd = { text: 'a\nb\u2028"ü€😀', '7': [null, 1.5], nested: { seq: 9 }, none: undefined }
      await log.append([odd, {}], { id: 'odd' })
      const [first, second] = await all(log)
      expect(first?.line).toBe(`{"seq":1,${JSON.stringify(odd).slice(1)}`)
      expect(JSON.parse(first?.line ?? '')).toEqual({
        seq: 1,
        text: odd.text,
        '7': [null, 1.5],
        nested: { seq: 9 },
      })
      expect(second?.line).toBe('{"seq":2}')
    })

    test('[L2] the entries of an append whose write failed are all there or all missing', async () => {
      for (const fault of ['lost', 'written'] as const) {
        const before = log.head.seq
        subject.failNext(fault)
        await expectCode(
          log.append([entry(1), entry(2), entry(3)], { id: `three-${fault}` }),
          'APPEND_UNKNOWN',
        )
        await log.reopen()
        expect(log.head.seq).toBe(fault === 'lost' ? before : before + 3)
        expect((await all(log)).length).toBe(log.head.seq)
      }
    })

    test('[L3] an append is refused unless the log ends where it expects, pending appends included', async () => {
      const first = log.append([entry(1)], { id: 'a', expected: 0 })
      const wrong = expectCode(log.append([entry(2)], { id: 'b', expected: 0 }), 'EXPECTED_POSITION')
      const second = log.append([entry(2)], { id: 'c', expected: 1 })
      expect(log.next).toBe(3)
      await Promise.all([first, wrong, second])
      const error = await expectCode(log.append([entry(3)], { id: 'd', expected: 9 }), 'EXPECTED_POSITION')
      expect(error.details).toEqual({ expected: 9, actual: 2 })
      expect(log.head.seq).toBe(2)
    })

    test('[L4] [P2] an append is neither answered nor visible before it is durable', async () => {
      await log.append([entry(1)], { id: 'a' })
      const seen: number[] = []
      log.subscribe(1, (batch) => void seen.push(...batch.map(({ seq }) => seq)))
      subject.hold()
      let answered = false
      const held = log.append([entry(2)], { id: 'b' }).then(() => {
        answered = true
      })
      await turns()
      expect({ answered, head: log.head.seq, next: log.next, seen }).toEqual({
        answered: false,
        head: 1,
        next: 3,
        seen: [],
      })
      expect(await all(log)).toHaveLength(1)
      expect(await log.get(2)).toBeUndefined()
      expect(await log.find('b')).toBeUndefined()
      subject.release()
      await held
      expect({ head: log.head.seq, seen }).toEqual({ head: 2, seen: [2] })
      expect(await log.find('b')).toMatchObject({ first: 2, last: 2 })
    })

    test('[L5] an id that was written writes nothing again and answers where it was written', async () => {
      await log.append([entry(1), entry(2)], { id: 'twice' })
      const again = { first: 1, last: 2, repeated: true }
      expect(await log.append([entry(7)], { id: 'twice' })).toEqual(again)
      expect(await log.append([entry(7)], { id: 'twice', expected: 0 })).toEqual(again)
      await restart()
      expect(await log.append([entry(7)], { id: 'twice' })).toEqual(again)
      expect(await log.find('twice')).toEqual(again)
      expect(await log.find('never')).toBeUndefined()
      expect(log.head.seq).toBe(2)
    })

    test('[L5] an id repeated while the first is pending waits for it', async () => {
      const [first, second] = await Promise.all([
        log.append([entry(1)], { id: 'same' }),
        log.append([entry(2)], { id: 'same' }),
      ])
      expect(first).toEqual({ first: 1, last: 1, repeated: false })
      expect(second).toEqual({ first: 1, last: 1, repeated: true })
      expect(log.head.seq).toBe(1)
    })

    test('[L5] an id is forgotten after its time and after its number of entries, not before', async () => {
      let now = 1_000
      await restart({ now: () => now, idWindowMs: 100, idWindowEntries: 10 })
      await log.append([entry(1)], { id: 'old' })
      now += 99
      expect(await log.append([entry(1)], { id: 'old' })).toMatchObject({ repeated: true })
      now += 1
      expect(await log.find('old')).toBeUndefined()
      expect(await log.append([entry(2)], { id: 'old' })).toEqual({ first: 2, last: 2, repeated: false })
      await fill(9)
      expect(await log.find('old')).toMatchObject({ first: 2 })
      await fill(1)
      expect(await log.find('old')).toBeUndefined()
    })

    test('[L5] sealing forgets only ids that have left the window', async () => {
      await restart({ idWindowEntries: 600 })
      await fill(512)
      await log.append([entry(1)], { id: 'fill-1' })
      await fill(512)
      await log.seal()
      expect(await log.find('fill-2')).toBeUndefined()
      expect(await log.find('fill-424')).toBeUndefined()
      expect(await log.find('fill-425')).toMatchObject({ first: 425 })
      expect(await log.append([entry(1)], { id: 'fill-2' })).toMatchObject({ repeated: false, first: 1025 })
      await fill(511)
      await log.seal()
      expect(await log.find('fill-2')).toMatchObject({ first: 1025 })
    })

    test('[L6] after a write error nothing is acknowledged until reopen, and reopen tells what happened', async () => {
      await log.append([entry(1)], { id: 'a' })
      subject.failNext('written')
      const failed = expectCode(log.append([entry(2)], { id: 'b' }), 'APPEND_UNKNOWN')
      await failed
      expect(log.head.seq).toBe(1)
      await expectCode(log.append([entry(2)], { id: 'c' }), 'LOG_POISONED')
      await expectCode(log.append([entry(1)], { id: 'a' }), 'LOG_POISONED')
      expect(await all(log)).toHaveLength(1)
      expect((await log.reopen()).seq).toBe(2)
      expect(await log.find('b')).toMatchObject({ first: 2, last: 2 })
      expect(await log.append([entry(2)], { id: 'b' })).toMatchObject({ first: 2, repeated: true })

      subject.failNext('lost')
      await expectCode(log.append([entry(3)], { id: 'd' }), 'APPEND_UNKNOWN')
      expect((await log.reopen()).seq).toBe(2)
      expect(await log.find('d')).toBeUndefined()
      expect(await log.append([entry(3)], { id: 'd' })).toEqual({ first: 3, last: 3, repeated: false })
    })

    test('[L6] what only waited behind a failed write was certainly not written', async () => {
      subject.hold()
      const first = log.append([entry(1)], { id: 'a' })
      await turns()
      const second = expectCode(log.append([entry(2)], { id: 'b' }), 'APPEND_UNKNOWN')
      subject.failNext('lost')
      subject.release()
      await first
      await second
      const reopened = await log.reopen()
      expect(reopened.seq).toBe(1)

      subject.hold()
      const third = log.append([entry(2)], { id: 'c' })
      await turns()
      const failing = expectCode(log.append([entry(3)], { id: 'd' }), 'APPEND_UNKNOWN')
      subject.failNext('lost')
      subject.release()
      await third
      const behind = expectCode(log.append([entry(4)], { id: 'e' }), /APPEND_UNKNOWN|LOG_POISONED/)
      await Promise.all([failing, behind])
    })

    test('[L7] a subscription sees the past and then what is written, each entry once and in order', async () => {
      await fill(700)
      const seen: number[] = []
      log.subscribe(5, (batch) => void seen.push(...batch.map(({ seq }) => seq)))
      await fill(300)
      await until(() => seen.at(-1) === 1000)
      await fill(20)
      await until(() => seen.at(-1) === 1020)
      expect(seen).toEqual(Array.from({ length: 1015 }, (_, index) => index + 6))
    })

    test('[L7] a subscriber that takes its time misses nothing while its queue has room', async () => {
      await fill(10)
      const seen: number[] = []
      const gate = Promise.withResolvers<void>()
      log.subscribe(0, async (batch) => {
        if (seen.length > 0) await gate.promise
        seen.push(...batch.map(({ seq }) => seq))
      })
      await until(() => seen.length > 0)
      for (let round = 0; round < 20; round += 1) await fill(3, `slow-${round}`)
      gate.resolve()
      await until(() => seen.length === 70)
      expect(seen).toEqual(Array.from({ length: 70 }, (_, index) => index + 1))
    })

    test('[L7] a subscriber whose queue is full is closed with a reason, and appends go on', async () => {
      await restart({ subscriberQueueMax: 5 })
      const gate = Promise.withResolvers<void>()
      const closed = Promise.withResolvers<Error>()
      log.subscribe(0, () => gate.promise, closed.resolve)
      for (let n = 1; n <= 12; n += 1) await log.append([entry(n)], { id: `n-${n}` })
      expect(await closed.promise).toMatchObject({ code: 'SUBSCRIBER_SLOW', details: { after: 1 } })
      gate.resolve()
      expect(log.head.seq).toBe(12)
    })

    test('[L7] a subscriber that throws is closed with what it threw, and others go on', async () => {
      const closed = Promise.withResolvers<Error>()
      const seen: number[] = []
      log.subscribe(
        0,
        () => {
          throw new Error('not mine')
        },
        closed.resolve,
      )
      const other = log.subscribe(0, (batch) => void seen.push(...batch.map(({ seq }) => seq)))
      await fill(3)
      expect((await closed.promise).message).toBe('not mine')
      other.close()
      await fill(3)
      expect(seen).toEqual([1, 2, 3])
    })

    test('[L7] a subscription goes on over a reopening, with what turned out to be written', async () => {
      const seen: number[] = []
      const closed = Promise.withResolvers<Error>()
      log.subscribe(0, (batch) => void seen.push(...batch.map(({ seq }) => seq)), closed.resolve)
      await fill(2)
      subject.failNext('written')
      await expectCode(log.append([entry(3)], { id: 'unknown' }), 'APPEND_UNKNOWN')
      expect(seen).toEqual([1, 2])
      await log.reopen()
      await fill(1)
      await until(() => seen.length === 4)
      expect(seen).toEqual([1, 2, 3, 4])
      await log.close()
      expect(await closed.promise).toMatchObject({ code: 'LOG_CLOSED' })
    })

    test('[L8] [P1] the chain of the head is what anybody computes from the exported lines', async () => {
      await fill(3)
      await log.append([entry(4), entry(5)], { id: 'two' })
      const { head } = log
      const lines = await gathered(exportLines(log))
      expect(await verifyExport(lines, { head })).toEqual({ ok: true, records: 5, head, problems: [] })
      const changed = lines.with(2, (lines[2] ?? '').replace('3', '4'))
      expect((await verifyExport(changed, { head })).ok).toBe(false)
      expect((await verifyExport(lines.toSpliced(1, 1), { head })).problems[0]?.seq).toBe(2)
      expect((await verifyExport(lines.slice(0, 4), { head })).problems[0]).toMatchObject({
        seq: 5,
        kind: 'head',
      })
    })

    test('[L9] a flipped bit is found when the log is opened, and named by seq', async () => {
      await fill(20)
      await log.close()
      await subject.damage(7)
      const error = await expectCode(subject.open(), 'LOG_DAMAGED')
      expect(error.details).toMatchObject({ problems: [{ seq: 7, kind: 'checksum' }] })
    })

    test('[L9] a flipped bit in a sealed run is named when it is read and when it is verified, never passed on', async () => {
      await fill(1100)
      await log.seal()
      await log.close()
      await subject.damage(600)
      log = await subject.open()
      const report = await log.verify()
      expect(report.ok).toBe(false)
      expect(report.problems[0]?.seq).toBeGreaterThanOrEqual(513)
      expect(report.problems[0]?.seq).toBeLessThanOrEqual(1024)
      await expectCode(all(log), 'LOG_DAMAGED')
      await expectCode(log.get(600), 'LOG_DAMAGED')
      expect((await log.get(512))?.seq).toBe(512)
      expect((await log.get(1025))?.seq).toBe(1025)
    })

    test('[L9] verifying a sound log finds nothing, from the start and from a known head', async () => {
      await fill(600)
      const from = log.head
      await log.seal()
      await fill(30)
      expect(await log.verify()).toEqual({ ok: true, records: 630, head: log.head, problems: [] })
      expect((await log.verify({ from })).ok).toBe(true)
      const wrong = { seq: 600, chain: 'ab'.repeat(32) }
      expect((await log.verify({ from: wrong })).ok).toBe(false)
    })

    test('[L10] sealing changes no line, no position and not the chain', async () => {
      await fill(510)
      await log.append([entry(511), entry(512), entry(513), entry(514)], { id: 'across' })
      await fill(600)
      const { head } = log
      const before = await all(log)
      expect(await log.seal()).toEqual({ segments: 2 })
      expect(await log.stats()).toMatchObject({ records: 1114, sealed: 1024, segments: 2 })
      expect(await all(log)).toEqual(before)
      expect(log.head).toEqual(head)
      await restart()
      expect(log.head).toEqual(head)
      expect(await all(log)).toEqual(before)
      expect((await log.verify()).problems).toEqual([])
      expect(await log.seal()).toEqual({ segments: 0 })
      for (const seq of [1, 511, 512, 513, 514, 515, 1024, 1025, 1114]) {
        expect(await log.get(seq)).toEqual(before[seq - 1])
      }
      expect(await log.find('across')).toMatchObject({ first: 511, last: 514 })
    })

    test('[L10] appends go on while runs are sealed', async () => {
      await fill(1030)
      const sealing = log.seal()
      await fill(50)
      await sealing
      expect((await all(log)).length).toBe(1080)
      expect((await log.verify()).ok).toBe(true)
    })

    test('[L10] [L15] compacting seals what is full and changes no record, while appends go on', async () => {
      await fill(1030)
      const before = await all(log)
      const compacting = log.compact()
      await fill(50)
      const { segments, bytesOnDisk } = await compacting
      expect(segments).toBe(2)
      expect(bytesOnDisk).toBeGreaterThan(0)
      expect(await all(log, { to: 1030 })).toEqual(before)
      expect(await log.stats()).toMatchObject({ records: 1080, sealed: 1024 })
      expect((await log.verify()).problems).toEqual([])
      expect((await log.compact()).segments).toBe(0)
    })

    test('reading keeps its bounds in both directions', async () => {
      await fill(1030)
      await log.seal()
      const seqs = async (options: Parameters<EventLog['read']>[0]) =>
        (await all(log, options)).map(({ seq }) => seq)
      expect(await seqs({ after: 1027 })).toEqual([1028, 1029, 1030])
      expect(await seqs({ after: 510, to: 514 })).toEqual([511, 512, 513, 514])
      expect(await seqs({ after: 510, to: 514, reverse: true })).toEqual([514, 513, 512, 511])
      expect(await seqs({ reverse: true, limit: 3 })).toEqual([1030, 1029, 1028])
      expect(await seqs({ after: 3, limit: 2 })).toEqual([4, 5])
      expect(await seqs({ to: 2_000, after: 1029 })).toEqual([1030])
      expect(await seqs({ after: 1030 })).toEqual([])
      expect(await seqs({ after: 5, to: 5 })).toEqual([])
      expect(await seqs({ limit: 0 })).toEqual([])
      expect(await log.get(0)).toBeUndefined()
      expect(await log.get(1031)).toBeUndefined()
    })

    test('[L12] pieces hold the same lines and entries as a read, within the same bounds', async () => {
      await fill(1030)
      await log.append([entry(1031), entry(1032)], { id: 'two' })
      const seal = async () => void (await log.seal())
      for (const step of [async () => {}, seal, () => fill(3)]) {
        await step()
        const whole = await all(log)
        for (const bounds of [
          {},
          { after: 510, to: 514 },
          { after: 1029, to: 1031 },
          { after: 1024 },
          { to: 5_000 },
        ]) {
          const lines = whole.filter(({ seq }) => seq > (bounds.after ?? 0) && seq <= (bounds.to ?? seq))
          const pieces = await gathered(log.pieces(bounds))
          expect(pieces.flatMap(unpackLines)).toEqual(lines)
          expect(pieces.flatMap(unpackEntries)).toEqual(
            lines.map(({ seq, line }) => ({ seq, entry: JSON.parse(line) })),
          )
          for (const piece of pieces)
            for (const { seq, entry } of unpackEntries(piece).filter(({ seq }) => seq % 7 === 0))
              expect(unpackEntry(piece, seq)).toEqual(entry)
          expect(pieces.map(({ first }) => first)).toEqual([
            (bounds.after ?? 0) + 1,
            ...pieces.slice(0, -1).map(({ last }) => last + 1),
          ])
        }
      }
      expect(await gathered(log.pieces({ after: 5, to: 5 }))).toEqual([])
    })

    test('[L12] a piece may be transferred to another thread', async () => {
      await fill(20)
      const [piece] = await gathered(log.pieces())
      const moved = structuredClone(piece, { transfer: piece ? [piece.bytes.buffer] : [] })
      expect(moved && unpackLines(moved)).toEqual(await all(log))
      expect(piece?.bytes.byteLength).toBe(0)
    })

    test('[L9] [L12] a flipped bit in what a piece was made of, or in the piece, is found and named', async () => {
      await fill(1100)
      await log.seal()
      const [first] = await gathered(log.pieces())
      if (first) first.bytes[200] = (first.bytes[200] ?? 0) ^ 1
      expect(() => first && unpackLines(first)).toThrow(expect.objectContaining({ code: 'LOG_DAMAGED' }))
      expect(() => first && unpackEntry(first, 1)).toThrow(expect.objectContaining({ code: 'LOG_DAMAGED' }))
      await log.close()
      await subject.damage(600)
      log = await subject.open()
      const unpacked: number[] = []
      const error = await expectCode(
        (async () => {
          for await (const piece of log.pieces()) unpacked.push(...unpackEntries(piece).map(({ seq }) => seq))
        })(),
        'LOG_DAMAGED',
      )
      const problems = error.details.problems as { seq: number }[]
      expect(problems[0]?.seq).toBeGreaterThanOrEqual(513)
      expect(problems[0]?.seq).toBeLessThanOrEqual(1024)
      expect(unpacked).toEqual(Array.from({ length: 512 }, (_, index) => index + 1).slice(0, unpacked.length))
    })

    test('[L12] pieces go on over a reopening', async () => {
      await fill(1600)
      await log.seal()
      const pieces = log.pieces()[Symbol.asyncIterator]()
      const seqs: number[] = []
      for (let next = await pieces.next(); !next.done; next = await pieces.next()) {
        seqs.push(...unpackLines(next.value).map(({ seq }) => seq))
        await log.reopen()
        await fill(1)
      }
      expect(seqs).toEqual(Array.from({ length: 1600 }, (_, index) => index + 1))
    })

    test('a read does not see what is appended after it began', async () => {
      await fill(5)
      const seen: number[] = []
      const reading = log.read()
      await fill(5)
      for await (const { seq } of reading) {
        seen.push(seq)
        if (seq === 1) await fill(5)
      }
      expect(seen).toEqual([1, 2, 3, 4, 5])
    })

    test('what is not an entry, too large, or without an id is refused and takes no position', async () => {
      const odd = { seq: 1 } as Entry
      await expectCode(log.append([odd], { id: 'a' }), 'ENTRY_INVALID')
      await expectCode(log.append([], { id: 'a' }), 'ENTRY_INVALID')
      await expectCode(log.append([entry(1)], { id: '' }), 'ENTRY_INVALID')
      await expectCode(log.append([{ big: 1n }], { id: 'a' }), 'ENTRY_INVALID')
      await expectCode(log.append([{ text: 'ä'.repeat(600_000) }], { id: 'a' }), 'ENTRY_TOO_LARGE')
      await expectCode(
        log.append([entry(1), { text: 'x'.repeat(1_100_000) }], { id: 'a' }),
        'ENTRY_TOO_LARGE',
      )
      expect(log.next).toBe(1)
      expect(await log.append([{ text: 'x'.repeat(1_000_000) }], { id: 'a' })).toMatchObject({ first: 1 })
      await restart()
      expect((await log.get(1))?.line.length).toBeGreaterThan(1_000_000)
    })

    test('[P2] reopen runs its work while nothing is open; appends and reads meanwhile wait', async () => {
      await fill(600)
      const reading = log.read()[Symbol.asyncIterator]()
      await reading.next()
      const steps: string[] = []
      const pending = log.append([entry(601)], { id: 'pending' }).then(() => void steps.push('pending'))
      const reopened = log.reopen(async () => {
        steps.push('between')
        await turns()
        steps.push('done')
      })
      const waited = log
        .append([entry(602)], { id: 'waits', expected: 601 })
        .then(() => void steps.push('waited'))
      expect((await reopened).seq).toBe(601)
      await Promise.all([pending, waited])
      expect(steps).toEqual(['pending', 'between', 'done', 'waited'])
      let count = 1
      while (!(await reading.next()).done) count += 1
      expect(count).toBe(600)
      expect((await log.verify()).ok).toBe(true)
    })

    test('an error between closing and opening is handed on, and the log is open again', async () => {
      await fill(1)
      await expect(log.reopen(() => Promise.reject(new Error('the host did not start')))).rejects.toThrow(
        'did not start',
      )
      await fill(1)
      expect(log.head.seq).toBe(2)
    })

    test('[L17] archiving changes no line, no position and not the chain, and everything reads through', async () => {
      await fill(1600)
      const before = await all(log)
      const { head } = log
      expect(await log.archive(1100)).toEqual({ entries: 1024 })
      expect(await log.stats()).toMatchObject({ records: 1600, sealed: 1536, archived: 1024, archives: 1 })
      const look = async () => {
        expect(log.head).toEqual(head)
        expect(await all(log)).toEqual(before)
        expect(await all(log, { reverse: true })).toEqual(before.toReversed())
        expect(await all(log, { after: 510, to: 1030 })).toEqual(before.slice(510, 1030))
        expect(await all(log, { after: 1020, to: 1030, reverse: true })).toEqual(
          before.slice(1020, 1030).reverse(),
        )
        for (const seq of [1, 512, 513, 1024, 1025, 1600]) expect(await log.get(seq)).toEqual(before[seq - 1])
        const pieces = await gathered(log.pieces({ after: 500, to: 1500 }))
        expect(pieces.flatMap(unpackLines)).toEqual(before.slice(500, 1500))
        expect((await log.verify()).problems).toEqual([])
        expect(await verifyExport(exportLines(log), { head })).toMatchObject({ ok: true, records: 1600 })
        expect(await log.find('fill-3')).toMatchObject({ first: 3 })
      }
      await look()
      await restart()
      await look()
      expect(await log.archive(1100)).toEqual({ entries: 0 })
      expect(await log.archive(1_000_000)).toEqual({ entries: 512 })
      expect(await log.stats()).toMatchObject({ archived: 1536, archives: 2 })
      await look()
      const place = subject.placeOf('with archives')
      await log.backup(place)
      const copy = await subject.openBackup(place)
      expect(await all(copy)).toEqual(before)
      await copy.close()
      expect(await log.append([entry(1601)], { id: 'on' })).toMatchObject({ first: 1601 })
    })

    test('[L17] appends, reads and a backup go on while ranges are archived', async () => {
      await fill(1600)
      const reading = log.read()[Symbol.asyncIterator]()
      await reading.next()
      const archiving = log.archive(1600)
      const backup = log.backup(subject.placeOf('meanwhile'))
      await Promise.all([fill(50), all(log), archiving, backup])
      let count = 1
      while (!(await reading.next()).done) count += 1
      expect(count).toBe(1600)
      expect((await all(log)).length).toBe(1650)
      expect(await log.stats()).toMatchObject({ archived: 1536 })
      expect((await log.verify()).problems).toEqual([])
    })

    test('[L18] an archive file that is missing is named with its range, and put back it is as it was', async () => {
      await fill(1100)
      const before = await all(log)
      await log.archive(1100)
      await log.close()
      await subject.loseArchive(600, true)
      const error = await expectCode(subject.open(), 'LOG_DAMAGED')
      const [problem] = error.details.problems as LogProblem[]
      expect(problem).toMatchObject({ seq: 1, kind: 'gap' })
      expect(problem?.message).toMatch(/^The archive of the entries 1 to 1024 is missing.*from a backup\.$/)
      await subject.loseArchive(600, false)
      log = await subject.open()
      expect(await all(log)).toEqual(before)
      await subject.loseArchive(600, true)
      expect((await log.verify()).problems).toEqual([problem])
      await expectCode(log.get(600), 'LOG_DAMAGED')
      await expectCode(gathered(log.pieces()), 'LOG_DAMAGED')
      expect((await log.get(1025))?.seq).toBe(1025)
      await subject.loseArchive(600, false)
      expect(await all(log)).toEqual(before)
    })

    test('[L11] a backup is the log as it was, under the same id, and takes no part in what comes later', async () => {
      await fill(600)
      await log.seal()
      await fill(10, 'more')
      const place = subject.placeOf('backup')
      const taken = await log.backup(place)
      expect(taken).toEqual(log.head)
      await log.append([entry(1)], { id: 'later' })
      const copy = await subject.openBackup(place)
      try {
        expect(copy.head).toEqual(taken)
        expect(copy.logId).toBe(log.logId)
        expect(await all(copy)).toEqual(await all(log, { to: taken.seq }))
        expect(await copy.find('more-605')).toEqual(await log.find('more-605'))
        expect((await copy.verify()).problems).toEqual([])
        await copy.append([entry(2)], { id: 'elsewhere' })
        expect(await log.find('elsewhere')).toBeUndefined()
      } finally {
        await copy.close()
      }
      expect((await log.verify()).problems).toEqual([])
    })

    test('[L11] what is appended, read or subscribed to while a backup is made loses nothing', async () => {
      await fill(3)
      const seen: number[] = []
      log.subscribe(0, (batch) => void seen.push(...batch.map(({ seq }) => seq)))
      const reading = all(log)
      const backup = log.backup(subject.placeOf('backup'))
      const appended = log.append([entry(4)], { id: 'meanwhile' })
      expect((await backup).seq).toBeGreaterThanOrEqual(3)
      expect(await appended).toMatchObject({ first: 4 })
      expect(await reading).toHaveLength(3)
      await until(() => seen.length === 4)
    })

    test('[L11] a place that is taken is refused, and the log goes on', async () => {
      await fill(2)
      await log.backup(subject.placeOf('backup'))
      await expectCode(log.backup(subject.placeOf('backup')), 'LOG_EXISTS')
      expect(await log.append([entry(3)], { id: 'on' })).toMatchObject({ first: 3 })
    })

    test('close waits for what is pending, may be called twice, and ends everything', async () => {
      const pending = log.append([entry(1)], { id: 'a' })
      const closing = Promise.all([log.close(), log.close()])
      await expectCode(log.append([entry(2)], { id: 'b' }), 'LOG_CLOSED')
      expect(await pending).toMatchObject({ first: 1 })
      await closing
      await expectCode(log.find('a'), 'LOG_CLOSED')
      await expectCode(all(log), 'LOG_CLOSED')
      await expectCode(log.reopen(), 'LOG_CLOSED')
      log = await subject.open()
      expect(log.head.seq).toBe(1)
    })

    test('the log keeps its id for life, and another log has another', async () => {
      const { logId } = log
      await restart()
      expect(log.logId).toBe(logId)
      expect(logId).toMatch(/^[0-9a-f]{32}$/)
    })
  })
}

export function entry(n: number): Entry {
  return { type: 'tested', n, text: `entry number ${n}` }
}

export function all(log: EventLog, options?: Parameters<EventLog['read']>[0]): Promise<Stored[]> {
  return gathered(log.read(options))
}

export async function gathered<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of source) found.push(one)
  return found
}

export async function expectCode(
  promise: Promise<unknown>,
  code: string | RegExp,
): Promise<{ readonly code: string; readonly details: Readonly<Record<string, unknown>> }> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error, `should be refused with ${code}`).toMatchObject({
    code: typeof code === 'string' ? code : expect.stringMatching(code),
  })
  return error as { code: string; details: Readonly<Record<string, unknown>> }
}

/** Waits for a condition that some later turn of the event loop makes true; the test's own time-out ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

/** Lets everything happen that is ready to happen. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
