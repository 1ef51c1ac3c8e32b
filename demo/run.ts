// The main job, from `gt install` to seven landed beads, with two kills in between: `npm run demo`.
//
// Does not:  schedule work or wait for landings (gt does), nor import anything of src/: it uses `gt` commands only.
// Always:    ends with the town down and no process of it left; exit code 0 only if every claim came true.

import { type Options, optionsOf, USAGE } from './options.ts'
import { createTeller } from './teller.ts'

const options = readOptions()
const teller = createTeller()
if (options.agent === null) {
  teller.plain(`gt demo, seed ${options.seed} (--seed ${options.seed} kills at the same moments again)`)
  // After the first line: it is there at once, also on a slow machine.
  const { playDemo } = await import('./play.ts')
  process.exitCode = await playDemo(options, teller)
} else {
  teller.plain('gt demo with your own Claude Code')
  const { playReal } = await import('./real/play.ts')
  process.exitCode = await playReal(options, teller)
}

function readOptions(): Options {
  try {
    return optionsOf(process.argv.slice(2))
  } catch (error) {
    console.error(`demo: ${error instanceof Error ? error.message : String(error)}`)
    for (const usage of USAGE) console.error(`      npm run demo -- ${usage}`)
    process.exit(2)
  }
}
