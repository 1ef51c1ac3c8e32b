// The page's own files: what anybody on this machine may read, for they say nothing of the town.
//
// Owns:      which files there are, and their types.
// Always:    they are read once, when the town begins to listen: what a browser gets belongs together.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'

export type PageFile = { readonly type: string; readonly bytes: Buffer; readonly etag: string }

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
}

/** Modules of the vocabulary that the page imports. */
const FROM_EVENTS = ['words.js']

/**
 * By the path in the URL. `charts` is JSON: the machines of the program, for the page to draw.
 * @param web the built folder of the page
 */
export function pageFiles(web: string, charts: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>()
  const add = (path: string, type: string, bytes: Buffer): void => {
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
    files.set(path, { type, bytes, etag })
  }
  if (existsSync(web)) {
    for (const name of readdirSync(web)) {
      const type = TYPES[extname(name)]
      if (type !== undefined) add(`/web/${name}`, type, readFileSync(join(web, name)))
    }
    for (const name of FROM_EVENTS)
      add(`/events/${name}`, TYPES['.js'] as string, readFileSync(join(dirname(web), 'events', name)))
  }
  add('/machines.json', 'application/json; charset=utf-8', Buffer.from(charts))
  const page = files.get('/web/index.html')
  if (page !== undefined) files.set('/', page)
  return files
}
