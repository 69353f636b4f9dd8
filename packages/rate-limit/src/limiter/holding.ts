/** Holding the place of a reservation while something runs: renewed meanwhile, given back and settled at its end. */
import type { Clock } from '@granary/core'
import { RateLimiterClosed } from '../errors.ts'
import type { Costs, Reservation } from './reservation.ts'

/** How a place is held. */
export interface HoldParts {
  readonly clock: Clock
  /** Microseconds that a place lasts unless it is renewed. */
  readonly leaseTime: number
}

/** How a stream that holds a place ends. */
export interface HoldStreamOptions<Name extends string, R = unknown> {
  /**
   * What the call did cost, asked once, at the end, however it comes: with what the stream returned, and whether it came to its
   * end at all. Default, and where it says undefined: what was reserved.
   */
  readonly settle?: (returned: R | undefined, completed: boolean) => Costs<Name> | undefined
  /** Gives the place back when it fires, even if the stream never says another word: the reader has gone away. */
  readonly signal?: AbortSignal
}

/** Runs `body` with the reservation held. */
export async function holdWhile<Name extends string, T>(
  reservation: Reservation<Name>,
  parts: HoldParts,
  { body, settle }: { readonly body: () => Promise<T> | T; readonly settle?: ((result: T) => Costs<Name>) | undefined },
): Promise<T> {
  const stop = keepRenewing(reservation, parts)
  let actual: Costs<Name> | undefined
  try {
    const result = await body()
    actual = settle?.(result)
    return result
  } finally {
    stop()
    await finish(reservation, actual)
  }
}

/**
 * The same stream with the reservation held until its last piece, its failure, or until nobody reads on. It is no generator:
 * one that is given up before its first piece would run none of its code, and keep the place.
 */
export function holdStream<Name extends string, T, R>(
  reservation: Reservation<Name>,
  parts: HoldParts,
  { source, settle, signal }: HoldStreamOptions<Name, R> & { readonly source: AsyncIterable<T, R> },
): HeldStream<T, R> {
  const pieces = source[Symbol.asyncIterator]()
  const stop = keepRenewing(reservation, parts)
  let ended: Promise<void> | undefined
  const end = (returned?: R, completed = false) => {
    ended ??= endOnce(returned, completed)
    return ended
  }
  const endOnce = (returned: R | undefined, completed: boolean) => {
    stop()
    signal?.removeEventListener('abort', leave)
    return finish(reservation, settle === undefined ? undefined : () => settle(returned, completed))
  }
  // Nobody waits for this one; what goes wrong is told to whoever reads on.
  const leave = () => void end().catch(() => {})
  if (signal?.aborted === true) leave()
  else signal?.addEventListener('abort', leave)
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      let next: IteratorResult<T, R>
      try {
        next = await pieces.next()
      } catch (error) {
        // What goes wrong with the settlement must not hide why the stream failed.
        await end().catch(() => {})
        throw error
      }
      if (next.done === true) await end(next.value, true)
      return next
    },
    async return() {
      await Promise.all([end(), pieces.return?.()])
      return { done: true, value: undefined }
    },
  }
}

/** A stream whose place is held; its `return` gives the place back at once. */
export type HeldStream<T, R> = AsyncIterableIterator<T, R | undefined, undefined>

/** Renews a reservation from time to time, until the function it returns is called. */
function keepRenewing(reservation: Reservation<string>, { clock, leaseTime }: HoldParts): () => void {
  const pause = leaseTime / 3_000
  let cancel = () => {}
  const next = () => {
    cancel = clock.schedule(pause, () => {
      void reservation.renew().catch(() => false)
      next()
    })
  }
  next()
  return () => cancel()
}

/** Gives the place back whatever happens: also when what the call is said to have cost cannot be. */
async function finish<Name extends string>(
  reservation: Reservation<Name>,
  actual: Costs<Name> | (() => Costs<Name> | undefined) | undefined,
): Promise<void> {
  try {
    await reservation.settle(typeof actual === 'function' ? actual() : actual)
  } catch (error) {
    if (error instanceof RateLimiterClosed) return
    await reservation.settle()
    throw error
  }
}
