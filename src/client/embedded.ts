// The one door from the command line to a town in this same process. Everything behind it is loaded when it is needed.

/** Opens the town itself, for a command while no daemon is up. @throws TOWN_BUSY and the log's own codes. */
export const openEmbedded = async (dir: string) => (await import('../town/embedded.ts')).openEmbedded(dir)
export type Embedded = Awaited<ReturnType<typeof openEmbedded>>

type Installation = Parameters<typeof import('../town/install.ts')['installTown']>[0]

/** Makes a town. @throws FOLDER_NOT_EMPTY, SOCKET_PATH_TOO_LONG. */
export const installTown = async (wanted: Installation) =>
  (await import('../town/install.ts')).installTown(wanted)

/** Starts the daemon, unless one answers already. */
export const bringUp = async (dir: string) => (await import('../town/up.ts')).bringUp(dir)

/** Starts the daemon and stays until it has ended; answers with its exit code. `http`: where it listens on TCP, too. */
export const runInForeground = async (dir: string, http?: string, onReady?: (pid: number) => void) =>
  (await import('../town/up.ts')).runInForeground(dir, http, onReady)

/** Gives the town a copy of this program, so that a restart finds it there. @throws PROGRAM_NOT_COPIED. */
export const keepProgram = async (dir: string) =>
  (await import('../town/program/program.ts')).keepProgram(dir)

/** Which versions a town runs. */
export const townVersions = async (dir: string) =>
  (await import('../town/program/versions.ts')).townVersions(dir)

/** Checks a log that no daemon has open: a town's, or a copy in a folder. Changes nothing. */
export const verifyLogIn = async (dir: string) => (await import('../town/logs/look.ts')).verifyLogIn(dir)

/** A log out of an export; what can be saved of a damaged one. */
export const importLog = async (...asked: Parameters<typeof import('../town/logs/import.ts')['importLog']>) =>
  (await import('../town/logs/import.ts')).importLog(...asked)
export const repairLogIn = async (
  ...asked: Parameters<typeof import('../town/logs/repair.ts')['repairLogIn']>
) => (await import('../town/logs/repair.ts')).repairLogIn(...asked)

/** Takes texts out of records, recordings and caches of a town that is down. */
export const eraseRecords = async (
  ...asked: Parameters<typeof import('../town/logs/erase.ts')['eraseRecords']>
) => (await import('../town/logs/erase.ts')).eraseRecords(...asked)

/** Making a town of another one's past. */
export const forks = async () => import('../town/fork/index.ts')

/** Charts and lists of the machines. */
export const machines = async () => import('../town/machines.ts')

/** Shows a session in this terminal until the person leaves it. */
export const attach = async () => import('../town/agents/attach.ts')

/** Looks at the agent programs of this machine. */
export const agentsCheck = async () => import('../town/agents/agents-check.ts')

/** Looks at a town as a whole, and cures what can be cured. */
export const doctor = async () => import('../town/doctor/doctor.ts')

/** Asks an earlier session, or looks through what is written down of it. */
export const seance = async () => import('../town/agents/seance.ts')
