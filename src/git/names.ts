// Refuses names, paths and addresses before git or the file system sees them.

import { isAbsolute, join, normalize, relative, sep } from 'node:path'
import { type NameKind, nameProblem } from '../events/names.ts'
import { RepositoryError } from '../ports/repositories.ts'

const OBJECT_ID = /^([0-9a-f]{40}|[0-9a-f]{64})$/

/** @throws RepositoryError NAME_INVALID */
export function checkName(kind: NameKind, text: string): string {
  const problem = nameProblem(kind, text)
  if (problem !== null) throw invalid(problem)
  return text
}

/** A full object id in hexadecimal, as git prints it. @throws RepositoryError NAME_INVALID */
export function checkObjectId(text: string): string {
  if (!OBJECT_ID.test(text)) throw invalid(`${JSON.stringify(text.slice(0, 60))} is no commit id.`)
  return text
}

/** What git is asked to talk to: an absolute path or a URL, never an option or a remote helper. */
export function checkSource(text: string): string {
  const bad =
    text === '' ||
    text.length > 4_096 ||
    text.startsWith('-') ||
    /[\p{Cc}\p{Cf}]/u.test(text) ||
    // `ext::sh -c …` and other remote helpers run programs.
    /^[A-Za-z0-9+.-]*::/.test(text)
  if (bad) throw invalid(`${JSON.stringify(text.slice(0, 60))} is no address of a repository.`)
  return text
}

/**
 * `path` as an absolute one strictly inside `root`. Only text is looked at; symbolic links are the caller's.
 * @throws RepositoryError NAME_INVALID
 */
export function checkInside(root: string, path: string): string {
  const full = isAbsolute(path) ? normalize(path) : join(root, path)
  const rest = relative(root, full)
  const outside = rest === '' || rest === '..' || rest.startsWith(`..${sep}`) || isAbsolute(rest)
  if (outside || /\p{Cc}/u.test(path))
    throw invalid(`${JSON.stringify(path.slice(0, 120))} is not inside ${root}.`)
  return full.endsWith(sep) ? full.slice(0, -1) : full
}

export const invalid = (message: string): RepositoryError => new RepositoryError('NAME_INVALID', message)
