export { erasedDigest } from './erased.ts'
export { exportLines, verifyExport } from './export.ts'
export { importLines } from './level/build.ts'
export { type Erased, eraseEntries } from './level/erase.ts'
export { createLog, openLog } from './level/open.ts'
export { type RepairReport, repairLog, type Span } from './level/repair.ts'
export { verifyLog } from './level/verify-copy.ts'
export { ENTRY_BYTES_ADVISED, ENTRY_BYTES_MAX } from './line.ts'
export type { AppendFault, MemoryDisk } from './memory/disk.ts'
export { createMemoryDisk, createMemoryLog, type MemoryLogOptions } from './memory/log.ts'
export {
  type Appended,
  type AppendOptions,
  type Entry,
  type ErasedEntry,
  type EventLog,
  type Head,
  LogError,
  type LogErrorCode,
  type LogOptions,
  type LogProblem,
  type LogProblemKind,
  type LogStats,
  type Piece,
  type PieceOptions,
  type ReadOptions,
  type Stored,
  type Subscription,
  type VerifyReport,
} from './types.ts'
export { type Unpacked, unpackEntries, unpackEntry, unpackLines } from './unpack.ts'
