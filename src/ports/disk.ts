// Room on a disk, as the system tells it.

export type Room = {
  /** What a process of this user may still write. */
  readonly freeBytes: number
  readonly totalBytes: number
  /** Files that may still be made; null where the file system does not count them. */
  readonly filesFree: number | null
}

export interface Disk {
  /** @throws what the system says when the folder cannot be asked */
  room(folder: string): Promise<Room>
}
