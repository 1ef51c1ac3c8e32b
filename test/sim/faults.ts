// What goes wrong with the daemon and the machine under it: crashes, failing and slow commits, clocks, a full disk.

import { OPEN_AGAIN_MS } from '../../src/system/bounds.ts'
import { Daemon, LATE_MS_MAX, type Plant } from './daemon.ts'
import { NO_FAULTS, type World } from './world.ts'

export interface FaultDriver {
  /** Between two events: a commit that waits is given its time. */
  afterEach(): void
  /** True when no opening, repair or held commit is under way. */
  settled(): boolean
  /** From now on nothing goes wrong, and what is broken is mended. */
  stop(): void
}

export function startFaults(world: World, plant: Plant): FaultDriver {
  const { disk, random, scheduler } = world
  let releasing = false
  let life = 0
  let full = false
  let fills = 0
  /** The timer by which it looks may be late itself. */
  const lateMs = world.faults.lateTimers ? LATE_MS_MAX : 0

  const boot = () => {
    if (world.daemon !== null) return
    life += 1
    const daemon = new Daemon(world, life)
    world.daemon = daemon
    if (daemon.open(plant)) return
    world.daemon = null
    scheduler.after(500, boot)
  }
  const crash = () => {
    const { daemon } = world
    if (daemon === null) return
    daemon.crash(random.chance(0.5) ? 'lost' : 'kept')
    world.crashes += 1
    world.daemon = null
    world.downSince = scheduler.now
    scheduler.after(random.chance(0.2) ? random.between(10_000, 300_000) : random.between(20, 3_000), boot)
  }
  /** Some turns of the event loop's innermost queue later: amid whatever is being decided. */
  const crashAmid = () => {
    let hops = random.between(0, 30)
    const hop = () => {
      hops -= 1
      if (hops > 0) queueMicrotask(hop)
      else crash()
    }
    hop()
  }
  const every = (meanMs: () => number, happen: () => void) => {
    const mean = meanMs()
    if (mean === 0) return
    scheduler.after(-Math.log(1 - random.next()) * mean, () => {
      if (meanMs() === 0) return
      happen()
      every(meanMs, happen)
    })
  }
  const { faults } = world

  if (faults.commitMs > 0) disk.hold()
  every(() => faults.crashMs, crashAmid)
  every(
    () => faults.appendMs,
    () => disk.failNext(random.pick(['lost', 'written'])),
  )
  every(
    () => faults.hostMs,
    () => {
      const lucky = random.chance(0.3)
      world.host.lose((process) => lucky && world.daemon?.system?.owner(process.session)?.value === 'running')
    },
  )
  every(
    () => (faults.foreign ? 60_000 : 0),
    () => {
      for (const rig of world.rigs)
        world.repository(rig).pushForeign(`file-${random.between(1, 20)}`, scheduler.steps)
    },
  )
  every(
    () => (faults.ruling ? 240_000 : 0),
    () => {
      const { ruling } = world
      world
        .repository(ruling.pick(world.rigs))
        .pushForeign(`broken-${scheduler.steps}`, scheduler.steps, true)
    },
  )
  every(
    () => (faults.clock ? 90_000 : 0),
    () => {
      // Set back by hand, or awake after hours.
      world.skewMs += random.chance(0.5)
        ? -random.between(1_000, 3_600_000)
        : random.between(1_000, 6 * 3_600_000)
    },
  )
  every(
    () => (faults.suspend ? 300_000 : 0),
    () => {
      world.note('suspended for eight hours')
      world.skewMs += 8 * 3_600_000
    },
  )
  every(
    () => (faults.fullDisk ? 240_000 : 0),
    () => {
      full = true
      fills += 1
      disk.fill()
      const own = fills
      scheduler.after(random.between(100, 20_000), () => mend(own))
    },
  )
  boot()

  /** The system looks only now and then whether the disk is back. Filled again meanwhile, it stays full. */
  function mend(own: number): void {
    if (own !== fills) return
    disk.free()
    scheduler.after(2 * OPEN_AGAIN_MS + lateMs, () => {
      if (own === fills) full = false
    })
  }

  return {
    afterEach() {
      if (!disk.pending || releasing) return
      releasing = true
      scheduler.after(random.between(1, Math.max(1, faults.commitMs)), () => {
        releasing = false
        disk.release({ once: faults.commitMs > 0 })
      })
    },
    settled: () => !full && !releasing,
    stop() {
      world.note('faults stop')
      world.calm = true
      // A clock that was set back is put right.
      world.skewMs = Math.max(world.skewMs, world.skewMaxMs)
      Object.assign(faults, NO_FAULTS, { unreliable: faults.unreliable })
      if (full) mend(fills)
      disk.release()
    },
  }
}
