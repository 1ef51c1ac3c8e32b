// A person's terminal on a session, for the command line.

export { attachTerminal } from '../pty/attach.ts'
