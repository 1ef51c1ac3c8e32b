// What gt why asks the town, and what it is answered.

import { part } from '../client/connection.ts'
import type { Call } from './command.ts'

export type WhyNode = {
  seq: number
  at: string
  actor: string
  by: string
  message: string
  facts: string[]
  summary: string | null
  refused: string | null
  note: string | null
  mail: string[]
  children: WhyNode[]
}

type Wait = { kind: string; id: string; since: string; next: Wait | null }

export type BlamedLine = {
  rig: string
  path: string
  number: number
  branch: string
  text: string
  commit: string
  author: string
  at: string
  subject: string
  bead: string | null
  landed: boolean
  sentence: string
}

export type Why = {
  id: string
  kind: 'bead' | 'record' | 'rig' | 'agent' | 'line'
  title?: string | null
  status?: string | null
  stage?: string | null
  description?: string
  cost?: {
    tokens: { input: number; output: number; cacheRead: number; cacheWrite: number }
    costUsd: number | null
    requests: number
  } | null
  tree: WhyNode[]
  folded: number
  chain?: WhyNode[]
  waitingFor: Wait | null
  sentence: string | null
  line?: BlamedLine
}

export const readWhy = (call: Call, query: { all: true | undefined; at: string | undefined }): Promise<Why> =>
  call.town().get<Why>(`/v1/why/${part(call.words[0] as string)}`, query)
