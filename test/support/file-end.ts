// What the tests of one file leave to be taken away behind the last of them.
//
// Always:    files of tests share a process, which loads this once, so a hook that were set where a module is loaded would
//            run behind the first file alone; setup.ts asks here behind each.

type Run = () => Promise<void> | void

const runs: Run[] = []

/** `run` is called once, behind the last test of the file that is under way, whatever comes of the tests. */
export function atFileEnd(run: Run): void {
  runs.push(run)
}

/** The last first. Each is called, also when another one fails; the first failure is thrown. */
export async function endFile(): Promise<void> {
  const failures: unknown[] = []
  for (const run of runs.splice(0).reverse()) {
    try {
      await run()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
