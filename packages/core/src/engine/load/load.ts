import { LoadTimeout, RecursiveLoad } from '../../errors.ts'
import { enclosingLoad, runInLoad } from '../../flight/current-load.ts'
import type { Flight } from '../../flight/flight.ts'
import type { LoadReason } from '../../telemetry/event.ts'
import type { Landing } from '../landing.ts'
import type { Operation } from '../operation.ts'
import { LoadContext } from './load-context.ts'

/** What a loader brought, and how long it took. */
export interface Loaded {
  readonly value: unknown
  /** Monotonic milliseconds. */
  readonly endedAt: number
  readonly duration: number
}

/** A load as it is asked for. */
export interface LoadRequest {
  readonly flight: Flight
  readonly reason: LoadReason
  /** The value to refresh; undefined when there is none that may still be used. */
  readonly stale: Landing | undefined
}

/**
 * Calls the loader under its hard timeout, with its context. Its error passes through untouched.
 *
 * @throws LoadTimeout when the loader outlives `hardTimeout`.
 */
export async function load(op: Operation, { flight, reason, stale }: LoadRequest): Promise<Loaded> {
  const { clock, telemetry } = op.engine
  const { counters } = op.state
  const startedAt = clock.now()
  counters.loads += 1
  if (telemetry.wants('load-started'))
    telemetry.emit({ type: 'load-started', name: op.policy.name, key: op.key, reason })
  const context = new LoadContext(op, flight, stale)
  try {
    const answer = await withHardTimeout(op, context, async () => runInLoad(context, op.loader))
    const endedAt = clock.now()
    const duration = endedAt - startedAt
    counters.load.record(duration)
    if (telemetry.wants('load-finished'))
      telemetry.emit({ type: 'load-finished', name: op.policy.name, key: op.key, duration })
    return { value: context.valueOf(answer), endedAt, duration }
  } catch (cause) {
    counters.loadFailures += 1
    if (telemetry.wants('load-failed'))
      telemetry.emit({ type: 'load-failed', name: op.policy.name, key: op.key, cause })
    throw cause
  } finally {
    context.ended = true
  }
}

/**
 * Refuses a call that could never end: one for a key that a load around it is loading, or one that would join a flight
 * whose loader waits, directly or through others, for the load that asks.
 *
 * @throws RecursiveLoad with the chain.
 */
export function refuseRecursion(key: string, joined: Flight | undefined): void {
  const around = enclosingLoad()
  const chain = [key]
  for (let load = around; load !== undefined; load = load.outer) {
    if (load.ended) continue
    chain.unshift(load.key)
    if (load.key === key) throw new RecursiveLoad(chain)
  }
  const path = around && joined?.pathTo(around.flight)
  if (path !== undefined) throw new RecursiveLoad([around?.key ?? key, ...path.map((flight) => flight.key)])
}

/** Waits for a flight, on the record of the load that asks. */
export function waitFor<T>(flight: Flight, landing: () => Promise<T>): Promise<T> {
  const around = enclosingLoad()
  if (around === undefined) return landing()
  around.flight.waitsFor.add(flight)
  return landing().finally(() => around.flight.waitsFor.delete(flight))
}

function withHardTimeout(op: Operation, context: LoadContext, run: () => Promise<unknown>): Promise<unknown> {
  const { hardTimeout } = op.policy
  const answer = run()
  if (hardTimeout === Number.POSITIVE_INFINITY) return answer
  return new Promise((resolve, reject) => {
    const cancel = op.engine.clock.schedule(hardTimeout, () => {
      const error = new LoadTimeout(op.key, hardTimeout)
      context.abort(error)
      reject(error)
    })
    answer.then(resolve, reject).finally(cancel)
  })
}
