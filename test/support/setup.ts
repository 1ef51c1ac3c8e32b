// Loaded anew before each file of tests, also where files share a process.

import { afterAll } from 'vitest'
import { endFile } from './file-end.ts'

afterAll(endFile)
