// The person of the simulated town: makes rigs and beads, slings them, and looks after what nobody else can.
//
// Owns:      the orders, each with an id that is repeated until it is answered.

import { beadOwner, MAYOR, OVERSEER, rigOwner, TOWN } from '../../src/events/address.ts'
import type { AnyMessage } from '../../src/events/record.ts'
import type { World } from './world.ts'

type Said = { readonly to: string; readonly message: AnyMessage }
type Order = { readonly id: string; readonly messages: readonly Said[]; readonly afterMs: number }

/** How often the person looks whether something hangs, ms. */
const LOOK_MS = 60_000
/** Once nothing goes wrong any more. */
const CALM_LOOK_MS = 15_000

/** Carries out the orders in turn; `done` when the last has been answered. */
export function startPerson(world: World): { readonly done: () => boolean } {
  const orders = ordersOf(world)
  let at = 0
  const next = () => {
    const order = orders[at]
    if (order === undefined) return
    say(world, order, () => {
      at += 1
      world.scheduler.after(orders[at]?.afterMs ?? 0, next)
    })
  }
  world.scheduler.after(1, next)
  const look = () => {
    lookAround(world)
    changeMind(world)
    rule(world)
    undo(world)
    world.scheduler.after(world.calm ? CALM_LOOK_MS : LOOK_MS, look)
  }
  world.scheduler.after(LOOK_MS, look)
  return { done: () => at >= orders.length }
}

/** Says it until it is answered: the daemon may be away, or go with the question. */
function say(world: World, { id, messages }: Pick<Order, 'id' | 'messages'>, then: () => void): void {
  const { random, scheduler } = world
  const attempt = (): void => {
    let over = false
    const again = () => {
      if (over) return
      over = true
      scheduler.after(random.between(50, 1_000), attempt)
    }
    const { daemon } = world
    if (daemon?.system == null) return again()
    void daemon.take({ id, by: OVERSEER, messages }).then((result) => {
      if (over || !daemon.alive) return
      if (result === null) return again()
      over = true
      if (!result.accepted && result.refusal.code === 'RIG_NOT_FOUND') {
        // Not cloned yet: the person sees it, and says it later, as another order.
        scheduler.after(20_000, () => say(world, { id: `${id}'`, messages }, then))
      } else scheduler.after(random.between(1, 5), then)
    })
    const watch = () => {
      if (over) return
      if (daemon.alive) scheduler.after(1_000, watch)
      else again()
    }
    scheduler.after(1_000, watch)
  }
  attempt()
}

function ordersOf(world: World): Order[] {
  const { random, rigs } = world
  const orders: Order[] = [
    {
      id: 'install',
      afterMs: 0,
      messages: [
        {
          to: TOWN,
          message: {
            type: 'town.install',
            townId: 'sim',
            name: 'sim',
            owner: { name: 'Ada', email: 'ada@example.org' },
            settings: {},
          },
        },
        { to: TOWN, message: { type: 'town.start', version: '1', downMs: 0 } },
      ],
    },
  ]
  const approvals = random.fork('approvals')
  const stacks = random.fork('stacks')
  const ahead = random.fork('ahead')
  const forges = random.fork('forges')
  for (const rig of rigs) {
    const gated = !world.ungated.has(rig)
    const approval = { approval: 'person', ...(approvals.chance(0.3) && { again: true }) }
    const settings = {
      'limits.polecats': world.places,
      'limits.attempts': 4,
      ...(gated ? { 'gates.test': { command: ['npm', 'test'] } } : { 'gates.none': true }),
      ...(gated && approvals.chance(0.25) && { 'gates.review': approval }),
      ...(stacks.chance(0.4) && { 'mq.batch': stacks.pick([1, 2, 3, 50]) }),
      ...(forges.chance(0.2) && gated && { 'landing.through': 'pull-request', 'landing.checks': ['build'] }),
      ...(ahead.chance(0.6) && { 'mq.ahead': true }),
      ...(stacks.chance(0.3) && { 'mq.batchWaitSeconds': stacks.pick([1, 30]) }),
    }
    const message = {
      type: 'rig.add',
      rig,
      prefix: rig.slice(0, 2),
      remote: { kind: 'origin', url: `https://example.org/${rig}.git` },
      source: null,
      target: 'main',
      settings,
    }
    orders.push({
      id: `add ${rig}`,
      afterMs: random.between(10, 3_000),
      messages: [{ to: rigOwner(rig), message }],
    })
  }
  // Only a rig that is ready takes beads; by then it has long been cloned, or the person tries again.
  let first = true
  for (const { id, rig, needs } of world.beads) {
    const made: Said = {
      to: beadOwner(id),
      message: {
        type: 'bead.create',
        rig,
        title: `Do ${id}`,
        description: '',
        beadType: 'task',
        priority: random.between(0, 4),
        labels: [],
        parent: null,
        needs,
      },
    }
    const told = needs.map((need) => ({ to: beadOwner(need), message: { type: 'bead.neededBy', bead: id } }))
    orders.push({
      id: `make ${id}`,
      afterMs: first ? 10_000 : random.between(1, 500),
      messages: [...told, made],
    })
    first = false
  }
  for (const { id, rig } of world.beads) {
    const request = {
      type: 'dispatch.request',
      bead: id,
      rig,
      priority: random.between(0, 4),
      agent: null,
      preset: null,
      now: false,
      maxAtOnce: random.chance(0.2) ? 2 : null,
      group: 'all',
    }
    orders.push({
      id: `sling ${id}`,
      afterMs: random.chance(0.5) ? 0 : random.between(1, 90_000),
      messages: [
        { to: beadOwner(id), message: { type: 'bead.queue', rig, now: false } },
        { to: MAYOR, message: request },
      ],
    })
    if (random.chance(0.2))
      orders.push({
        id: `comment ${id}`,
        afterMs: 1,
        messages: [{ to: beadOwner(id), message: { type: 'bead.comment', text: 'hm' } }],
      })
    if (random.chance(0.05))
      orders.push({
        id: `close ${id}`,
        afterMs: 1,
        messages: [{ to: beadOwner(id), message: { type: 'bead.close', reason: 'no longer needed' } }],
      })
  }
  for (const rig of rigs) {
    const value = random.between(2, 4)
    orders.push({
      id: `limit ${rig}`,
      afterMs: random.between(1, 60_000),
      messages: [{ to: rigOwner(rig), message: { type: 'rig.set', key: 'limits.polecats', value } }],
    })
  }
  const stops = random.fork('stops')
  if (stops.chance(0.4)) {
    const stop = { type: 'town.estop', reason: 'hold on' }
    const [stopAfterMs, thawAfterMs] = [stops.between(1, 90_000), stops.between(1, 120_000)]
    orders.push({ id: 'stop', afterMs: stopAfterMs, messages: [{ to: TOWN, message: stop }] })
    orders.push({
      id: 'thaw',
      afterMs: thawAfterMs,
      messages: [{ to: TOWN, message: { type: 'town.thaw' } }],
    })
  }
  return orders
}

/** Takes work away now and then, and brings half of it back. */
function changeMind(world: World): void {
  const system = world.daemon?.system
  if (system == null) return
  for (const [address, { value, context }] of system.owners()) {
    const worker = /^(([^/]+)\/polecats\/([^/]+))\/sandboxes\/\d+$/.exec(address)
    if (worker === null) continue
    const [, agent = '', rig = '', name = ''] = worker
    world.looks += 1
    const id = `mind ${address} ${world.looks}`
    const bead = String(context.bead)
    if (value === 'shelved' && system.owner(beadOwner(bead))?.value === 'open') {
      // An undo may be refused, for want of a place; then the bead is slung.
      const undoes = !world.undone.has(address) && world.minds.chance(0.5)
      world.undone.add(address)
      const messages = undoes
        ? [
            { to: MAYOR, message: { type: 'dispatch.retake', bead, rig, name, sandbox: address } },
            { to: beadOwner(bead), message: { type: 'bead.rehook', agent, sandbox: address } },
            { to: agent, message: { type: 'polecat.rehook', bead, sandbox: address } },
            { to: address, message: { type: 'sandbox.undo' } },
          ]
        : slingAgain(bead, rig)
      say(world, { id, messages }, () => {})
    } else if (world.faults.agents && !world.undone.has(address) && world.minds.chance(0.03)) {
      const type = world.minds.chance(0.7) ? 'sandbox.nuke' : 'sandbox.unsling'
      say(world, { id, messages: [{ to: address, message: { type, reason: 'another idea' } }] }, () => {})
    }
  }
}

/** Freezes and thaws, mends what is red and has it tested, and says whether work may land. */
function rule(world: World): void {
  const system = world.daemon?.system
  if (system == null) return
  const { ruling, faults } = world
  const tell = (to: string, message: AnyMessage) => {
    world.looks += 1
    say(world, { id: `rule ${to} ${world.looks}`, messages: [{ to, message }] }, () => {})
  }
  /** Once nothing goes wrong any more, whatever waits for the person gets what it waits for. */
  const does = (chance: number, calm: boolean) => (faults.ruling ? ruling.chance(chance) : calm)
  for (const [address, { value, context }] of system.owners()) {
    if (address.endsWith('/refinery')) {
      if (context.frozen === null) {
        if (does(0.15, false)) tell(address, { type: 'refinery.freeze', reason: 'a release' })
      } else if (does(0.5, true)) tell(address, { type: 'refinery.thaw' })
      if (context.red !== null && does(0.5, true)) {
        world.repository(address.slice(0, address.indexOf('/'))).mend()
        if (does(0.5, true)) tell(address, { type: 'refinery.retest' })
      }
    }
    if (value === 'standing' && address.startsWith('decisions/') && does(0.6, true)) {
      const choice = does(0.75, true) ? 'approve' : 'refuse'
      tell(address, { type: 'decision.answer', choice, always: false, note: choice === 'refuse' ? 'no' : '' })
    }
    if (address.startsWith('beads/') && typeof value === 'object' && does(0.03, false)) {
      const labels = context.fixes === true ? [] : ['fixes-target']
      tell(address, { type: 'bead.update', labels })
    }
  }
}

/** Rejects what stands in line and takes back what has landed, now and then; what was taken back is done anew. */
function undo(world: World): void {
  const system = world.daemon?.system
  if (system == null) return
  const { undoing, faults, checker } = world
  const tell = (messages: readonly Said[]) => {
    world.looks += 1
    say(world, { id: `undo ${world.looks}`, messages }, () => {})
  }
  const requests = [...checker.projections.mergeQueue.rows.values()]
  for (const { bead, rig, state } of requests) {
    if (state !== 'reverted' || system.owner(beadOwner(bead))?.value !== 'open') continue
    tell(slingAgain(bead, rig))
  }
  if (!faults.ruling) return
  for (const [address, { context }] of system.owners()) {
    if (!address.endsWith('/refinery')) continue
    const rig = address.slice(0, address.indexOf('/'))
    const [first] = Object.keys(context).filter((key) => key.startsWith('request/'))
    if (first !== undefined && undoing.chance(0.05))
      tell([
        {
          to: address,
          message: { type: 'refinery.reject', mergeRequest: first.slice('request/'.length), reason: 'no' },
        },
      ])
    const landed = requests.find(
      (row) => row.rig === rig && row.state === 'landed' && row.reverts.length === 0,
    )
    if (landed?.receipt == null || !undoing.chance(0.05)) continue
    const { address: mergeRequest, bead, receipt } = landed
    const made = `${rig.slice(0, 2)}-u${world.looks}`
    const create = {
      type: 'bead.create',
      rig,
      title: `Revert ${bead}`,
      description: '',
      beadType: 'task',
      priority: 1,
      labels: [],
      parent: null,
      needs: [],
    }
    const of = [{ mergeRequest, bead, base: receipt.base, commit: receipt.commit }]
    tell([
      { to: beadOwner(made), message: create },
      { to: beadOwner(made), message: { type: 'bead.handIn', head: receipt.commit } },
      { to: address, message: { type: 'refinery.revert', bead: made, of, reason: 'no' } },
    ])
  }
}

const slingAgain = (bead: string, rig: string): Said[] => [
  { to: beadOwner(bead), message: { type: 'bead.queue', rig, now: false } },
  {
    to: MAYOR,
    message: {
      type: 'dispatch.request',
      bead,
      rig,
      priority: 1,
      agent: null,
      preset: null,
      now: false,
      maxAtOnce: null,
      group: 'again',
    },
  },
]

/** Adds a rig again that could not be cloned, has parked work tried once more. Who falls silent is nobody's business here. */
function lookAround(world: World): void {
  const system = world.daemon?.system
  if (system == null) return
  for (const [address, { value, context }] of system.owners()) {
    if (address.startsWith('rigs/') && value === 'failed') {
      world.looks += 1
      const { rig, prefix, remote, target, settings } = context
      const message = { type: 'rig.add', rig, prefix, remote, source: null, target, settings }
      say(world, { id: `again ${address} ${world.looks}`, messages: [{ to: address, message }] }, () => {})
    }
    if (value === 'parked' && !world.retried.has(address) && world.random.chance(0.3)) {
      world.retried.add(address)
      say(
        world,
        { id: `retry ${address}`, messages: [{ to: address, message: { type: 'sandbox.retry' } }] },
        () => {},
      )
    }
  }
}
