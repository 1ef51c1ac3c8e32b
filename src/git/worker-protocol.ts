// What daemon and worker say to each other: one JSON value a line on `<town>/.gt/worker.sock`.
//
//   daemon: {hello: <key>}                     worker: {hello: {protocol, pid}}, or the end of the connection
//   daemon: {id, op, input}                    worker: {id, ok: true, result} or {id, error: {code, message, details}}
//
// `id` is the daemon's. While it is under way, or done, the same id with the same question joins it or gets its answer.

import { join } from 'node:path'
import { z } from 'zod'

export const WORKER_PROTOCOL = 1

export const workerSocket = (townDir: string): string => join(townDir, '.gt', 'worker.sock')
export const workerKeyFile = (townDir: string): string => join(townDir, '.gt', 'host.key')

export const OPERATIONS = [
  'inspectRig',
  'cloneRig',
  'targetHead',
  'addWorktree',
  'finishWorktree',
  'inspectWorktree',
  'checkpoint',
  'shelveWorktree',
  'showKept',
  'blameLine',
  'auditTarget',
  'showChange',
  'bringBack',
  'reapKept',
  'buildMerge',
  'runGates',
  'runAhead',
  'endAhead',
  'pushTarget',
  'createBranch',
  'lookAtBranch',
  'removeBranch',
  'removeWorktree',
  'addReviewTree',
  'removeReviewTree',
] as const
/** Besides the operations of `Repositories`. */
export const NOTICE_OPERATIONS = ['notify', 'askOnce'] as const
export const FORGE_OPERATIONS = ['openPull', 'lookAtPull', 'mergePull'] as const

export const Hello = z.object({ hello: z.string() })
export const Request = z.object({
  id: z.string().min(1).max(200),
  op: z.enum([...OPERATIONS, ...NOTICE_OPERATIONS, ...FORGE_OPERATIONS]),
  input: z.looseObject({}),
})
export type Request = z.infer<typeof Request>

export const Welcome = z.object({ hello: z.object({ protocol: z.number(), pid: z.number() }) })
export const Answer = z.union([
  z.object({ id: z.string(), ok: z.literal(true), result: z.unknown() }),
  z.object({
    id: z.string(),
    error: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()) }),
  }),
])
export type Answer = z.infer<typeof Answer>
