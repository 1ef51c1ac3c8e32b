// Entry of `gt`.
//
// The code is compiled once and kept beside the user's other caches: it saves a third of the start.

import { enableCompileCache } from 'node:module'

const cache =
  process.env.XDG_CACHE_HOME ?? (process.env.HOME === undefined ? '' : `${process.env.HOME}/.cache`)
if (cache !== '') enableCompileCache?.(`${cache}/gt`)

const { main } = await import('./run.ts')
process.exitCode = await main(process.argv.slice(2), process)
