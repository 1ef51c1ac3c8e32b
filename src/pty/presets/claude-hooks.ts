// What Claude Code's hooks say, and how they are answered.
//
// Traps: `Stop` is not the end of all work (background tasks begin turns by themselves), StopFailure comes instead
// of it, also of a subagent or a summary whose turn goes on (it has an `agent_id` then), and a key that interrupts fires
// no hook at all: the screen shows that one. PreCompact comes without PostCompact when there is one exchange only, which
// is not compacted, and when the summary failed.

import type { Heard } from '../../events/hearing.ts'
import type { HookCall, HookMeaning, HookReply, PermissionAsk } from '../../ports/presets.ts'
import { asLine, asList, asObject, asText, type Json, toolAsk } from './hook-input.ts'
import { resetTime } from './reset-time.ts'

/** `now` (ms) is what the time of a limit is counted from. */
export function hearClaude({ event, input }: HookCall, now: number): HookMeaning {
  const said = asObject(input)
  return {
    heard: heardIn(event, said, now),
    asks: event === 'PermissionRequest' ? toolAsk(said, kindOf(asLine(said.tool_name))) : null,
    guards: event === 'PreToolUse' ? toolAsk(said) : null,
    mayGoOn:
      event === 'Stop' && said.stop_hook_active === false && asList(said.background_tasks).length === 0,
    prompt: event === 'UserPromptSubmit' && typeof said.prompt === 'string' ? said.prompt : null,
  }
}

function heardIn(event: string, said: Json, now: number): Heard[] {
  const via = 'hook'
  const tool = asLine(said.tool_name, 200)
  switch (event) {
    case 'SessionStart':
      return [
        {
          kind: 'ready',
          via,
          runtimeSession: asText(said.session_id),
          transcript: asText(said.transcript_path),
          model: asText(said.model),
          source: sourceOf(said.source),
        },
      ]
    case 'UserPromptSubmit':
      return [{ kind: 'turnStarted', via, nudge: null }]
    case 'PreToolUse':
      return [{ kind: 'toolStarted', via, tool }]
    case 'PostToolUse':
      return [{ kind: 'toolEnded', via, tool, failed: false }]
    case 'PostToolUseFailure':
      return [{ kind: 'toolEnded', via, tool, failed: true }]
    case 'PermissionRequest': {
      const { what, command, files } = toolAsk(said, kindOf(tool))
      return [{ kind: 'asks', via, what, tool, message: asLine(command ?? files.join(' ')) }]
    }
    case 'PermissionDenied':
      return [{ kind: 'toolDenied', via, tool }]
    case 'Notification':
      return notified(said)
    case 'Stop':
      return [{ kind: 'turnEnded', via, background: asList(said.background_tasks).length }]
    case 'StopFailure':
      return asLine(said.agent_id) === '' ? failed(said, now) : []
    case 'SubagentStop':
      // Compaction runs as a subagent without a type.
      return asLine(said.agent_type) === '' ? [] : [{ kind: 'subagentEnded', via }]
    case 'PreCompact':
      return [{ kind: 'compacting', via, trigger: said.trigger === 'manual' ? 'manual' : 'auto' }]
    case 'PostCompact':
      return [{ kind: 'compacted', via }]
    case 'SessionEnd':
      // After these two the same program goes on in another conversation.
      return said.reason === 'clear' || said.reason === 'resume'
        ? []
        : [{ kind: 'ends', via, reason: asLine(said.reason) }]
    default:
      return []
  }
}

function sourceOf(source: unknown): Extract<Heard, { kind: 'ready' }>['source'] {
  switch (source) {
    case 'resume':
    case 'fork':
    case 'clear':
    case 'compact':
      return source
    default:
      return 'startup'
  }
}

function kindOf(tool: string): PermissionAsk['what'] {
  if (tool === 'AskUserQuestion') return 'question'
  return tool === 'ExitPlanMode' || tool === 'EnterPlanMode' ? 'plan' : 'permission'
}

function notified(said: Json): Heard[] {
  const message = asLine(said.message)
  switch (said.notification_type) {
    case 'permission_prompt':
      return [{ kind: 'asks', via: 'hook', what: 'permission', tool: '', message }]
    case 'idle_prompt':
      return [{ kind: 'looksIdle', via: 'hook' }]
    default:
      return []
  }
}

/** Compacted or not, it is too long; its `error` is that of any other bad request. */
const FULL = /^(Prompt is too long|Autocompact is thrashing)/

function failed(said: Json, now: number): Heard[] {
  const message = asLine(said.last_assistant_message) || asLine(said.error_details)
  const error = FULL.test(message) ? 'context_full' : asLine(said.error, 200) || 'unknown'
  const turn: Heard = { kind: 'turnFailed', via: 'hook', error, message }
  // Only a limit that says when it is over is one that the program waits for.
  if (!/\bresets\b/i.test(message)) return [turn]
  return [turn, { kind: 'limited', via: 'hook', until: resetTime(message, now), message }]
}

/** What to print, and the exit code, so that this event's hook says `reply`. Exit 2 would do too, but says less. */
export function answerClaude(event: string, reply: HookReply): { stdout: string; exitCode: number } {
  const said = outputOf(event, reply)
  return { stdout: said === null ? '' : `${JSON.stringify(said)}\n`, exitCode: 0 }
}

function outputOf(event: string, reply: HookReply): Json | null {
  const specific = (fields: Json): Json => ({ hookSpecificOutput: { hookEventName: event, ...fields } })
  switch (reply.kind) {
    case 'none':
      return null
    case 'context':
      return TAKES_CONTEXT.has(event) ? specific({ additionalContext: reply.text }) : null
    case 'allow':
      if (event === 'PermissionRequest') return specific({ decision: { behavior: 'allow' } })
      return event === 'PreToolUse' ? specific({ permissionDecision: 'allow' }) : null
    case 'deny':
    case 'block': {
      const { reason } = reply
      if (event === 'PermissionRequest') return specific({ decision: { behavior: 'deny', message: reason } })
      if (event === 'PreToolUse')
        return specific({ permissionDecision: 'deny', permissionDecisionReason: reason })
      return BLOCKS.has(event) ? { decision: 'block', reason } : null
    }
  }
}

const TAKES_CONTEXT = new Set(['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'PostToolUseFailure'])
const BLOCKS = new Set(['UserPromptSubmit', 'Stop', 'SubagentStop'])
