// Entry point of the daemon process. Usage: node daemon-main.js <town> [address of HTTP]

import { startDaemon } from './daemon.ts'

const dir = process.argv[2] ?? ''
try {
  const daemon = await startDaemon(dir, { ...process.env }, process.argv[3])
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void daemon.stop())
  process.on('SIGHUP', () => {})
  // Whoever started us waits for this line.
  process.stdout.write('ready\n')
  await daemon.ended
  process.exit(0)
} catch (error) {
  const { code = 'DAEMON_NOT_STARTED', message, stack } = error as Error & { code?: string }
  process.stdout.write(`${JSON.stringify({ code, message })}\n`)
  process.stderr.write(`${stack}\n`)
  process.exit(1)
}
