import { CLAUDE } from './claude-runtime.ts'
import { conformance } from './conformance.ts'
import { TOKENS } from './model-stream.ts'

conformance({ ...CLAUDE, askedAbout: { run: 'touch asked.txt' }, tokens: TOKENS })
