import { setTimeout as wait } from 'node:timers/promises'
import { TestingError } from '../errors.ts'

/** How long to ask, and how to say what did not come true. */
export interface Patience {
  /** Milliseconds. */
  readonly within: number
  /** What is waited for, as in "the cluster agrees". */
  readonly what: string
}

const PAUSE = 20

/**
 * Resolves when `holds` gives true. An answer that fails counts as false: servers under test are often not there.
 *
 * @throws {@link TestingError} with code `NOT_IN_TIME` and the last failure as its cause
 */
export async function eventually(holds: () => Promise<boolean>, { within, what }: Patience): Promise<void> {
  const deadline = performance.now() + within
  let last: unknown
  for (;;) {
    try {
      if (await holds()) return
      last = undefined
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) throw new TestingError('NOT_IN_TIME', `${what}: not within ${within} ms.`, last)
    await wait(PAUSE)
  }
}
