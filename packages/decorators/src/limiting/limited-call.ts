/** One call of a rate-limited method: asked about, run, and settled; or refused. */
import type { Duration } from '@granary/core'
import type { LimitSet, Refused } from '@granary/rate-limit'
import { NotAPromise } from '../errors.ts'
import { LazyStream } from './lazy-stream.ts'

/** A call, and everything that was said about it. */
export interface LimitedCall {
  readonly set: LimitSet
  readonly subject: string
  /** What it is expected to cost, by limit. */
  readonly costs: Record<string, number>
  /** How long it may wait to be admitted. */
  readonly waiting: { readonly maxWait?: Duration }
  /** Whether it holds something until it ends. */
  readonly holds: boolean
  /** Runs the method. */
  readonly run: () => unknown
  /** Throws, or answers in the method's place. */
  readonly refuse: (refusal: Refused) => unknown
  /** What it did cost, by limit. */
  readonly settled: (result: unknown) => Record<string, number>
}

/** The answer of a method that returns a promise. */
export async function answerOf(call: LimitedCall, where: string): Promise<unknown> {
  const { set, subject, costs, waiting } = call
  const body = () => {
    const running = call.run()
    if (typeof (running as PromiseLike<unknown> | null)?.then === 'function') return running as Promise<unknown>
    throw new NotAPromise(where, running)
  }
  if (!call.holds) {
    const decision = await set.check(subject, costs, waiting)
    return decision.ok ? body() : call.refuse(decision)
  }
  const reservation = await set.reserve(subject, costs, waiting)
  return reservation.ok ? set.hold(reservation, body, call.settled) : call.refuse(reservation)
}

/** The answer of an `async *` method. Nothing happens until its first piece is wanted. */
export function streamOf(callOf: () => LimitedCall): AsyncGenerator<unknown, unknown> {
  return new LazyStream(async () => {
    const call = callOf()
    const { set, subject, costs, waiting } = call
    if (!call.holds) {
      const decision = await set.check(subject, costs, waiting)
      return (decision.ok ? call.run() : await call.refuse(decision)) as AsyncIterable<unknown, unknown>
    }
    const reservation = await set.reserve(subject, costs, waiting)
    if (!reservation.ok) return (await call.refuse(reservation)) as AsyncIterable<unknown, unknown>
    try {
      return set.holdStream(reservation, call.run() as AsyncIterable<unknown, unknown>, {
        settle: (returned, completed) => (completed ? call.settled(returned) : undefined),
      })
    } catch (error) {
      await reservation.settle()
      throw error
    }
  })
}
