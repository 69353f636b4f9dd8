import { randomFillSync } from 'node:crypto'

/** A source of chance: jitter, early refresh and lease tokens take one, so that tests can replay them. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** `count` unpredictable bytes. */
  bytes(count: number): Uint8Array
}

/** The random source of this process. */
export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (count) => randomFillSync(new Uint8Array(count)),
}
