// Room on the disks of this machine.

import { statfs } from 'node:fs/promises'
import type { Disk } from '../ports/disk.ts'

export const machineDisk: Disk = {
  async room(folder) {
    const { bavail, blocks, bsize, ffree, files } = await statfs(folder)
    return {
      freeBytes: bavail * bsize,
      totalBytes: blocks * bsize,
      filesFree: files > 0 ? ffree : null,
    }
  },
}
