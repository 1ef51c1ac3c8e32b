// Beads: made as fast as the log grows, handed over as places become free, and looked after.
//
// Owns:      which beads wait to be worked on, who is free, and that the queue stays short.

import { beadOwner, decisionOwner, MAYOR, OVERSEER, planOwner, rigOwner } from '../../src/events/address.ts'
import type { PlannedBead } from '../../src/events/plan.ts'
import { NAMES, prefixOf, RIGS } from './rigs.ts'
import type { Listener, Said, World } from './world.ts'

/** 20,000 in 1,000,000 records. */
const BEADS_PER_RECORD = 0.02
/** Beads that somebody will work on; the others are closed, put off or forgotten. */
const WORKED = 0.62
const QUEUE_MAX = 10
const LOOK_MS = 15_000
const PLAN_WAIT_MS = 7 * 24 * 60 * 60_000
const TYPES = ['bug', 'feature', 'task', 'task', 'task', 'chore', 'story', 'spike'] as const
const LABELS = ['api', 'web', 'billing', 'search', 'flaky', 'perf', 'docs', 'security', 'a11y'] as const

type Bead = { readonly id: string; readonly rig: string; readonly priority: number }

export function keepBeads(world: World): void {
  const beads = new Backlog(world)
  void beads.run()
}

class Backlog {
  readonly #world: World
  readonly #known = new Map<string, Bead>()
  /** To be handed over, in order. */
  #waiting: string[] = []
  readonly #queued = new Set<string>()
  readonly #busy = new Set<string>()
  /** Young enough that another may need them. */
  readonly #recent: string[] = []
  #made = 0

  constructor(world: World) {
    this.#world = world
    const again: Listener = ({ bead }) => {
      this.#queued.delete(String(bead))
      if (world.random.chance(0.9)) this.#waiting.push(String(bead))
    }
    for (const fact of ['BeadUnhooked', 'BeadUnqueued', 'DispatchWithdrawn', 'BeadReopened'])
      world.on(fact, again)
    world.on('BeadCreated', ({ bead, rig, priority }) => {
      this.#known.set(String(bead), { id: String(bead), rig: String(rig), priority: Number(priority) })
      this.#made += 1
    })
    world.on('BeadQueued', ({ bead }) => this.#queued.add(String(bead)))
    world.on('BeadHooked', ({ bead }) => this.#queued.delete(String(bead)))
    world.on('BeadClosed', ({ bead }) => this.#queued.delete(String(bead)))
    world.on('DispatchStarted', ({ agent }) => this.#busy.add(String(agent)))
    world.on('PlaceFreed', ({ rig, name }) => this.#busy.delete(`${rig}/polecats/${name}`))
  }

  async run(): Promise<void> {
    const { random } = this.#world
    for (;;) {
      await this.#world.rest(LOOK_MS)
      while (this.#made < 40 + this.#world.sink.seq * BEADS_PER_RECORD) {
        if (random.chance(0.02)) await this.#plan()
        else await this.#create()
      }
      while (this.#queued.size < QUEUE_MAX && this.#waiting.length > 0) await this.#sling()
    }
  }

  async #create(): Promise<void> {
    const { random, texts } = this.#world
    const rig = random.pick(RIGS)
    if (this.#world.valueOf(rigOwner(rig)) !== 'active') {
      await this.#world.rest(LOOK_MS)
      return
    }
    const id = this.#newId(rig)
    const needs = random.chance(0.12) ? this.#needsOf(rig) : []
    const by = random.chance(0.8) ? OVERSEER : MAYOR
    await this.#world.say(
      by,
      ...needs.map((need): Said => ({ to: beadOwner(need), message: { type: 'bead.neededBy', bead: id } })),
      {
        to: beadOwner(id),
        message: {
          type: 'bead.create',
          rig,
          title: texts.title(),
          description: texts.prose(texts.length(420, 1, 20_000)),
          beadType: random.pick(TYPES),
          priority: random.between(0, 4),
          labels: random.chance(0.5) ? [random.pick(LABELS)] : [],
          parent: null,
          needs,
        },
      },
    )
    this.#recent.push(id)
    if (this.#recent.length > 60) this.#recent.shift()
    if (random.chance(WORKED)) this.#waiting.push(id)
    else void this.#idle(id)
  }

  #newId(rig: string): string {
    for (;;) {
      const id = `${prefixOf(rig)}-${this.#world.random.between(36 ** 3, 36 ** 5 - 1).toString(36)}`
      if (!this.#known.has(id)) return id
    }
  }

  #needsOf(rig: string): string[] {
    const open = this.#recent.filter(
      (id) => this.#known.get(id)?.rig === rig && (this.#waiting.includes(id) || this.#queued.has(id)),
    )
    return open.length === 0 ? [] : [this.#world.random.pick(open)]
  }

  /** Nobody works on it; a person says something now and then, and may close it. */
  async #idle(id: string): Promise<void> {
    const { random, texts } = this.#world
    const days = (most: number) => this.#world.rest(random.between(60_000, most * 24 * 60 * 60_000))
    const say = (message: Said['message']) => this.#world.say(OVERSEER, { to: beadOwner(id), message })
    await days(1)
    if (random.chance(0.3))
      await say({ type: 'bead.comment', text: texts.prose(texts.length(300, 1, 12_000)) })
    await days(1)
    if (random.chance(0.2)) await say({ type: 'bead.update', priority: random.between(0, 4) })
    if (random.chance(0.1))
      await say({ type: 'bead.update', description: texts.prose(texts.length(600, 1, 20_000)) })
    if (random.chance(0.1)) await say({ type: 'bead.defer', reason: texts.title() })
    await days(2)
    if (random.chance(0.7)) await say({ type: 'bead.close', reason: texts.prose(texts.length(60, 0.6, 900)) })
    if (random.chance(0.06)) {
      await days(1)
      await say({ type: 'bead.reopen', reason: texts.title() })
    }
  }

  async #sling(): Promise<void> {
    const { random } = this.#world
    const id = this.#waiting.shift()
    const bead = id === undefined ? undefined : this.#known.get(id)
    if (bead === undefined) return
    const { rig, priority } = bead
    const free = NAMES.filter((name) => !this.#busy.has(`${rig}/polecats/${name}`))
    const request = {
      type: 'dispatch.request',
      bead: bead.id,
      rig,
      priority,
      agent: random.chance(0.85) && free.length > 0 ? random.pick(free) : null,
      preset: null,
      now: false,
      maxAtOnce: random.chance(0.1) ? 3 : null,
      group: `g-${this.#world.texts.letters(10)}`,
    } as const
    const result = await this.#world.say(
      OVERSEER,
      { to: beadOwner(bead.id), message: { type: 'bead.queue', rig, now: false } },
      { to: MAYOR, message: request },
    )
    // It waits for a person, is closed, or is at work again already.
    if (!result.accepted) return
    if (random.chance(0.01)) {
      await this.#world.rest(random.between(1_000, 60_000))
      const message = { type: 'bead.close', reason: 'not needed any more' } as const
      await this.#world.say(OVERSEER, { to: beadOwner(bead.id), message })
    }
  }

  /** The Mayor shows a person several beads that belong together. */
  async #plan(): Promise<void> {
    const { random, texts } = this.#world
    const rig = random.pick(RIGS)
    if (this.#world.valueOf(rigOwner(rig)) !== 'active') return
    const letters = texts.letters(8)
    const beads: PlannedBead[] = []
    for (let count = random.between(2, 7); count > 0; count -= 1) {
      const last = beads.at(-1)
      beads.push({
        key: `step-${beads.length + 1}`,
        bead: this.#newId(rig),
        rig,
        title: texts.title(),
        description: texts.prose(texts.length(420, 0.9, 9_000)),
        acceptance: Array.from({ length: random.between(0, 4) }, () => texts.title()),
        priority: random.between(0, 4),
        needs: last !== undefined && random.chance(0.4) ? [last.bead] : [],
        labels: [],
        preset: null,
      })
    }
    const title = texts.title()
    await this.#world.say(
      MAYOR,
      {
        to: planOwner(`p-${letters}`),
        message: { type: 'plan.propose', title, beads, agent: MAYOR, session: null },
      },
      {
        to: decisionOwner(`d-${letters}`),
        message: {
          type: 'decision.open',
          kind: 'plan',
          session: planOwner(`p-${letters}`),
          agent: MAYOR,
          rig: null,
          bead: null,
          question: `May these ${beads.length} beads be made (p-${letters}): ${title}?`,
          choices: ['file', 'sling', 'no'],
          context: {
            tool: null,
            command: beads.map(({ key, title }) => `${key}  ${rig}  ${title}`).join('\n'),
            files: [],
            why: null,
            cwd: null,
          },
          waitMs: PLAN_WAIT_MS,
          otherwise: 'no',
        },
      },
    )
  }
}
