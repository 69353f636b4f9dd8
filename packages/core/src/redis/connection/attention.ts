import type { Clock } from '../../clock.ts'

/** Into so many parts a patience is cut. */
const PARTS = 20

/**
 * Calls `expire` after so many milliseconds in which this process could have heard an answer; returns a function that cancels.
 *
 * A process that is busy for long stretches hears nothing meanwhile. One timer would be over after the first of them, whatever
 * is waiting in its sockets; of many short ones in a row each lets the process listen once, however late it is.
 */
export function whenPatienceEnds(clock: Clock, patience: number, expire: () => void): () => void {
  let cancel = () => {}
  const goOn = (left: number) => {
    cancel = clock.schedule(patience / PARTS, () => (left > 1 ? goOn(left - 1) : expire()))
  }
  goOn(PARTS)
  return () => cancel()
}
