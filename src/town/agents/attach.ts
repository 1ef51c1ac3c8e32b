// A person's terminal on a session, for the command line: live, or from its recording.

import { RESET } from '../../pty/attach.ts'
import { type PlayOptions, playRecording, recordedEvents } from '../../pty/recorded.ts'
import { sessionFiles } from '../files.ts'

export { attachTerminal } from '../../pty/attach.ts'
export { viewingScreen } from '../../pty/recorded.ts'

/** What a session showed and when; null when there is no recording. */
export const eventsOf = (dir: string, session: string) => recordedEvents(sessionFiles(dir, session).recording)

/** Plays what a session showed, and gives the terminal back as it was. False when there is no recording. */
export async function playSession(dir: string, session: string, options: PlayOptions): Promise<boolean> {
  const found = await playRecording(sessionFiles(dir, session).recording, options)
  if (found) options.output.write(`${RESET}\n`)
  return found
}
