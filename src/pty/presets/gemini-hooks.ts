// What Gemini CLI's hooks say, and how they are answered.
//
// Traps: PreCompress is said before each request, whether anything is compressed or not, so it is not listened to; an
// interrupted turn fires no hook; the exit of a command stands in the text of its result only.

import type { Heard } from '../../events/hearing.ts'
import type { HookCall, HookMeaning, HookReply } from '../../ports/presets.ts'
import { asLine, asObject, type Json, toolAsk } from './hook-input.ts'
import { printed, promptOf, ready } from './hook-shape.ts'

export function hearGemini({ event, input }: HookCall): HookMeaning {
  const said = asObject(input)
  const ask = event === 'BeforeToolAsk' ? toolAsk(said) : null
  return {
    heard: heardIn(event, said),
    asks: ask,
    guards: event === 'BeforeTool' ? toolAsk(said) : ask,
    mayGoOn: false,
    prompt: event === 'BeforeAgent' ? promptOf(said) : null,
  }
}

function heardIn(event: string, said: Json): Heard[] {
  const via = 'hook'
  const tool = asLine(said.tool_name, 200)
  switch (event) {
    case 'SessionStart':
      return [ready(said)]
    case 'BeforeAgent':
      return [{ kind: 'turnStarted', via, nudge: null }]
    // Whether it has to be asked about is decided by the town, which says so itself.
    case 'BeforeTool':
    case 'BeforeToolAsk':
      return [{ kind: 'toolStarted', via, tool }]
    case 'AfterTool':
      return [{ kind: 'toolEnded', via, tool, failed: asObject(said.tool_response).error !== undefined }]
    case 'AfterAgent':
      return [{ kind: 'turnEnded', via, background: 0 }]
    case 'Notification':
      return said.notification_type === 'ToolPermission'
        ? [{ kind: 'asks', via, what: 'permission', tool: '', message: asLine(said.message) }]
        : []
    case 'SessionEnd':
      return said.reason === 'clear' ? [] : [{ kind: 'ends', via, reason: asLine(said.reason) }]
    default:
      return []
  }
}

/** What to print, and the exit code, so that this event's hook says `reply`. */
export const answerGemini = (event: string, reply: HookReply): { stdout: string; exitCode: number } =>
  printed(outputOf(event, reply))

function outputOf(event: string, reply: HookReply): Json | null {
  switch (reply.kind) {
    case 'none':
      return event === 'BeforeToolAsk' ? { decision: 'ask' } : null
    case 'context':
      return event === 'SessionStart' || event === 'BeforeAgent'
        ? { hookSpecificOutput: { hookEventName: event, additionalContext: reply.text } }
        : null
    case 'allow':
      return event === 'BeforeToolAsk' ? { decision: 'allow' } : null
    case 'deny':
    case 'block':
      // After a turn it would begin another one.
      return event === 'BeforeTool' || event === 'BeforeToolAsk' || event === 'BeforeAgent'
        ? { decision: 'deny', reason: reply.reason }
        : null
  }
}
