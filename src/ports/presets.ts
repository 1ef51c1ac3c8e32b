// Presets: one kind of agent program each, as the town sees it.
//
// Owns:      the interface that src/pty/presets implements, one small file a runtime.
// Does not:  start, type or read anything: a preset is data and pure functions over text.
// Always:    what a preset returns is of our vocabulary (src/events/hearing.ts); nobody outside knows a runtime's words.

import type { Heard, Usage } from '../events/hearing.ts'

/** What a terminal shows: rows top to bottom. */
export type ScreenView = {
  readonly columns: number
  readonly rows: number
  readonly lines: readonly ScreenLine[]
  readonly cursor: { readonly column: number; readonly row: number }
  /** As set by OSC 0 or 2. */
  readonly title: string
}
/** `text` without trailing blanks; `typed` is the same with dim cells blank (placeholders are dim, typed text is not). */
export type ScreenLine = { readonly text: string; readonly typed: string }

/** What a screen means. `composer` is the text that stands in the input box, null when no box is shown. */
export type ScreenReading = {
  readonly kind: 'starting' | 'ready' | 'busy' | 'dialog' | 'limited' | 'compacting' | 'stuck' | 'unknown'
  readonly composer: string | null
  /** Which dialog, or the name of what it is stuck in. */
  readonly name: string | null
  /** The words on the screen that say so. */
  readonly message: string
  /** ISO time, for `limited`, when the screen says it. */
  readonly until: string | null
}

/** All that a preset needs to know to start a session. Absolute paths. */
export type LaunchAsk = {
  /** The program and what a person put before its arguments (`agents.<name>.command`, else the program found). */
  readonly command: readonly string[]
  /** Our id of the conversation: a UUID. */
  readonly runtimeSession: string
  /** The runtime's id of a conversation to go on with, or null. */
  readonly resume: string | null
  /** Go on in a copy of `resume`; the original stays as it is. */
  readonly fork: boolean
  readonly worktree: string
  /** Folder of this session outside the worktree, for settings files. */
  readonly folder: string
  readonly home: string
  readonly permissions: 'ask' | 'bypass'
  readonly model: string | null
  /** What it is told first, whole; never typed. */
  readonly orders: string
  /** Rules that hold for the whole conversation. */
  readonly rules: string
  /** The command line of one hook; posts its standard input to the town. */
  hook(event: string): string
  /** The operator's variables that this runtime logs in with. */
  readonly login: Readonly<Record<string, string>>
}

export type Launch = {
  readonly command: readonly string[]
  /** Besides what every session gets. Includes the login. */
  readonly env: Readonly<Record<string, string>>
  /** Written (0600) before the start; folders are made. */
  readonly files: readonly { readonly path: string; readonly content: string }[]
  /** Id by which the conversation is resumed, when it is known before the start. */
  readonly runtimeSession: string | null
}

/** A hook as the launcher posts it: the event's name as registered, and the runtime's JSON. */
export type HookCall = { readonly event: string; readonly input: unknown }

/** What a hook says, in our words. */
export type HookMeaning = {
  readonly heard: readonly Heard[]
  /** The runtime asks and waits for the answer. */
  readonly asks: PermissionAsk | null
  /** A tool is about to run: rules may refuse it (the guard). */
  readonly guards: PermissionAsk | null
  /** A turn is about to end, nothing runs for it any more, and it was not told to go on in this turn yet. */
  readonly mayGoOn: boolean
  /** The prompt that was submitted, for matching nudges. */
  readonly prompt: string | null
}

export type PermissionAsk = {
  readonly what: 'permission' | 'question' | 'plan'
  readonly tool: string
  readonly command: string | null
  readonly files: readonly string[]
  readonly why: string | null
  readonly cwd: string | null
  /** The runtime's id of the call, or null; a repeated ask has the same. */
  readonly callId: string | null
}

/** What we tell the hook. */
export type HookReply =
  | { readonly kind: 'none' }
  /** Text that the model reads beside the prompt or at the start. */
  | { readonly kind: 'context'; readonly text: string }
  | { readonly kind: 'allow' }
  | { readonly kind: 'deny'; readonly reason: string }
  /** The prompt is not taken: no turn begins. */
  | { readonly kind: 'block'; readonly reason: string }

/** Usage as a transcript says it. Of what it gives as a sum, no requests are known: then they are 0. */
export type UsageRead = Usage & {
  /** Of `cacheWrite`, what is kept for an hour: it has a price of its own, and no place in a record. */
  readonly cacheWriteHour?: number
}

/** Usage read from a piece of a transcript. */
export type TranscriptReading = {
  readonly usage: readonly UsageRead[]
  /** Prompts that were accepted, for nudges whose hook was not heard. */
  readonly prompts: readonly string[]
  /** Carried to the next piece: message ids seen and the like; plain JSON, small. */
  readonly carry: unknown
}

/** `person`: whoever prompts. `tool`: a call of one, or what it gave back. */
export type Utterance = { readonly who: 'person' | 'agent' | 'tool'; readonly text: string }

/** One question to a copy of a conversation, which may change nothing and is kept nowhere. */
export interface Seance {
  /** Prints its answer, and reads no input. */
  launch(ask: {
    readonly command: readonly string[]
    /** The runtime's id of the conversation; null: of none, and nothing but the question is known. */
    readonly conversation: string | null
    readonly question: string
    readonly model: string | null
    readonly login: Readonly<Record<string, string>>
  }): { readonly command: readonly string[]; readonly env: Readonly<Record<string, string>> }
  /** `model` as for `launch`; `carry`, null unless `countsOn`: what `readTranscript` carries at the original's end. */
  answer(printed: string, asked: { readonly model: string | null; readonly carry: unknown }): SeanceAnswer
  /** What a copy says that it took goes on from what its original took. */
  readonly countsOn?: true
}

/** `text` is null when there is none; then `error` says why. */
export type SeanceAnswer = {
  readonly text: string | null
  readonly error: string | null
  readonly usage: readonly UsageRead[]
}

export interface Preset {
  /** `claude`, `codex`, … */
  readonly name: string
  /** `Claude Code` */
  readonly title: string
  /** One line: how a person gets it. */
  readonly install: string
  /** Names of its program, tried on PATH in this order. */
  readonly programs: readonly string[]
  /** Arguments that print the version; `version` finds it in what was printed. */
  readonly versionArgs: readonly string[]
  version(printed: string): string | null
  /** Lowest version that works, and those the conformance suite is run with. */
  readonly atLeast: string
  readonly proved: readonly string[]
  /** The operator's variables that it logs in with. */
  readonly login: readonly string[]
  /** Where a person logs in, when nothing says that they did; null when it can be started. `read` gives a file's text or null. */
  loginMissing(
    home: string,
    env: Readonly<Record<string, string | undefined>>,
    read: (path: string) => string | null,
  ): string | null
  /** A settings file of the person's that it cannot read, where it would show a dialog instead of beginning; else null. */
  readonly settingsBroken?: (
    home: string,
    env: Readonly<Record<string, string | undefined>>,
    read: (path: string) => string | null,
  ) => string | null
  launch(ask: LaunchAsk): Launch
  /** Events it has hooks for; empty when it has none, then its screen is all the evidence there is. */
  readonly hooks: readonly string[]
  hear(call: HookCall): HookMeaning
  /** Standard output and exit code that say `reply` to this runtime for that event. */
  answer(event: string, reply: HookReply): { readonly stdout: string; readonly exitCode: number }
  /** Whether it has a screen that can be read, and a composer that can be typed into. */
  readonly interactive: boolean
  read(screen: ScreenView): ScreenReading
  readonly keys: {
    /** Ends the turn in hand. */
    readonly interrupt: string
    readonly submit: string
    /** Clears the composer. */
    readonly clear: string
  }
  /** Reads a piece of its transcript that ends with a whole line. */
  readTranscript(piece: string, carry: unknown): TranscriptReading
  /** Folder of further transcripts (`*.jsonl`) of the same conversation: read before it, with the same carry. */
  readonly moreTranscripts?: (transcript: string) => string
  /** What one line of its transcript says; without it nobody can read what was said. */
  readonly utterances?: (line: string) => readonly Utterance[]
  /** How a copy of a conversation is asked one question; without it nobody can. */
  readonly seance?: Seance
}

/** The presets there are. */
export interface Presets {
  readonly names: readonly string[]
  /** The preset of that name; one of the user's own (`agents.<name>.command`) is the `script` preset. */
  get(name: string): Preset | null
  readonly script: Preset
}
