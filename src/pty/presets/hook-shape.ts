// What hooks of several programs have in common: the names and fields that Claude Code gave them.

import type { Heard } from '../../events/hearing.ts'
import type { HookReply } from '../../ports/presets.ts'
import { asLine, asText, type Json } from './hook-input.ts'

/** What is said of a conversation when it begins or is taken up again. */
export const ready = (said: Json): Heard => ({
  kind: 'ready',
  via: 'hook',
  runtimeSession: asText(said.session_id),
  transcript: asText(said.transcript_path),
  model: asText(said.model),
  source: SOURCES.find((source) => source === said.source) ?? 'startup',
})

const SOURCES = ['startup', 'resume', 'fork', 'clear', 'compact'] as const

/** Events that mean the same wherever they have these names; null for any other. */
export function heardAlike(event: string, said: Json): Heard[] | null {
  const via = 'hook'
  const tool = asLine(said.tool_name, 200)
  switch (event) {
    case 'SessionStart':
      return [ready(said)]
    case 'UserPromptSubmit':
      return [{ kind: 'turnStarted', via, nudge: null }]
    case 'PreToolUse':
      return [{ kind: 'toolStarted', via, tool }]
    case 'PostToolUse':
      return [{ kind: 'toolEnded', via, tool, failed: false }]
    case 'PreCompact':
      return [{ kind: 'compacting', via, trigger: said.trigger === 'manual' ? 'manual' : 'auto' }]
    case 'PostCompact':
      return [{ kind: 'compacted', via }]
    default:
      return null
  }
}

/** The text of the prompt that begins a turn. */
export const promptOf = (said: Json): string | null => (typeof said.prompt === 'string' ? said.prompt : null)

/** What differs between programs that take the same replies. */
export type Replies = {
  /** Events to which text for the model may be added. */
  readonly takesContext: ReadonlySet<string>
  /** Events that can be blocked, but for those that ask about a tool. */
  readonly blocks: ReadonlySet<string>
  /** Whether a tool that nobody asked about can be allowed. */
  readonly allowsTools: boolean
}

/** The document that says `reply` to this event's hook; null when there is nothing to say. */
export function replyAlike(event: string, reply: HookReply, replies: Replies): Json | null {
  const specific = (fields: Json): Json => ({ hookSpecificOutput: { hookEventName: event, ...fields } })
  switch (reply.kind) {
    case 'none':
      return null
    case 'context':
      return replies.takesContext.has(event) ? specific({ additionalContext: reply.text }) : null
    case 'allow':
      if (event === 'PermissionRequest') return specific({ decision: { behavior: 'allow' } })
      return event === 'PreToolUse' && replies.allowsTools ? specific({ permissionDecision: 'allow' }) : null
    case 'deny':
    case 'block': {
      const { reason } = reply
      if (event === 'PermissionRequest') return specific({ decision: { behavior: 'deny', message: reason } })
      if (event === 'PreToolUse')
        return specific({ permissionDecision: 'deny', permissionDecisionReason: reason })
      return replies.blocks.has(event) ? { decision: 'block', reason } : null
    }
  }
}

/** What a hook prints, and its exit code. Exit 2 would do for some replies too, but says less. */
export const printed = (said: Json | null): { stdout: string; exitCode: number } => ({
  stdout: said === null ? '' : `${JSON.stringify(said)}\n`,
  exitCode: 0,
})
