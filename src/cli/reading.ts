// How commands read one thing of the town.

import { part } from '../client/connection.ts'
import { type Call, textOf } from './command.ts'

/** The one of `/v1/<collection>` that the command's first word names, as it is or as it was with `--at`. */
export const readOne = <T>(call: Call, collection: string, id = call.words[0] as string): Promise<T> =>
  call.town().get<T>(`/v1/${collection}/${part(id)}`, { at: textOf(call, 'at') })
