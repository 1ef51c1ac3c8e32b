// The peer of the log: the same records in a table of node:sqlite, WAL, synchronous=FULL.

import { DatabaseSync } from 'node:sqlite'
import type { Entry } from '../eventlog/index.ts'

export function openSqlite(path: string): DatabaseSync {
  const sqlite = new DatabaseSync(path)
  sqlite.exec('pragma journal_mode=wal; pragma synchronous=full')
  sqlite.exec('create table entries (seq integer primary key, body text not null)')
  return sqlite
}

/** One transaction. Entries are made into lines here, as the log does; lines are taken as they are. */
export function commitToSqlite(
  sqlite: DatabaseSync,
  first: number,
  entries: readonly (Entry | string)[],
): void {
  const insert = sqlite.prepare('insert into entries values (?, ?)')
  sqlite.exec('begin immediate')
  for (const [index, entry] of entries.entries())
    insert.run(first + index, typeof entry === 'string' ? entry : JSON.stringify(entry))
  sqlite.exec('commit')
}
