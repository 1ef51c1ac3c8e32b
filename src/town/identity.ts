// What says that a folder is a town: `.gt/town.json`, made by `gt install`.

import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { LAYOUT, townFiles } from './files.ts'
import { TownError } from './town-error.ts'

const Identity = z.looseObject({ townId: z.string(), name: z.string(), layout: z.number() })
export type Identity = z.infer<typeof Identity>

/** @throws {TownError} TOWN_NOT_FOUND, TOWN_NEWER */
export function readIdentity(dir: string): Identity {
  let text: string
  try {
    text = readFileSync(townFiles(dir).identity, 'utf8')
  } catch {
    throw new TownError('TOWN_NOT_FOUND', `${dir} is not a town.`)
  }
  const identity = Identity.parse(JSON.parse(text))
  if (identity.layout > LAYOUT) {
    throw new TownError('TOWN_NEWER', `${dir} was made by a newer gt.`)
  }
  return identity
}
