// One session that a person directs: turn after turn, for hours.

import { Program } from './program.ts'
import { MINUTE, type Process, type World } from './world.ts'

export async function crewAtWork(world: World, process: Process, runtimeSession: string): Promise<void> {
  if (!process.alive) return
  const program = new Program(world, process)
  const { random, texts } = world
  await program.greets(runtimeSession)
  while (await program.goesOn(texts.length(3 * MINUTE, 1, 60 * MINUTE))) {
    await program.hears({ kind: 'turnStarted', via: 'hook', nudge: null })
    for (let steps = texts.length(2, 0.8, 20); steps > 0; steps -= 1) {
      if (!(await program.goesOn(texts.length(60_000, 0.5, 6 * MINUTE) + 30_000))) return
      await program.acts()
      if (random.chance(0.5)) await program.uses()
      if (random.chance(0.03)) await program.asks()
      if (!process.alive) return
      if (program.full && !(await program.compacts())) return
    }
    await program.hears({ kind: 'turnEnded', via: 'hook', background: 0 }, program.activity('Edit'))
    await program.uses()
  }
}
