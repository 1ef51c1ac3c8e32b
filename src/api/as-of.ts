// What the log said at a moment, for a read that looks outside of the log as well.

import type { ReadContext } from './read.ts'

type Asking = Pick<ReadContext<{ at?: string | undefined }, unknown>, 'town' | 'caller' | 'query' | 'signal'>

/** What the route answers at the moment that is asked about. @throws {Fault} what it throws */
export async function asOf<T>(
  { town, caller, query: { at }, signal }: Asking,
  path: string,
  params: Readonly<Record<string, string>>,
): Promise<T> {
  const query = at === undefined ? {} : { at }
  return JSON.parse(await town.past.read({ path, caller, params, query }, signal)) as T
}
