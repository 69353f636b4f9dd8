import { AsyncLocalStorage } from 'node:async_hooks'
import { NoActiveLoad } from '../errors.ts'
import type { Flight } from './flight.ts'

/** What a loader may know of the load it runs for. */
export interface CurrentLoad {
  /** Fires at the hard timeout; hand it to the query or request. */
  readonly signal: AbortSignal
  /** The entry key in its safe form. */
  readonly key: string
  /** The value being refreshed, when there is one that was not invalidated. */
  readonly stale: unknown
  /**
   * Return this from the loader to keep the stale value for another ttl: the origin said that it has not changed.
   *
   * @throws NothingToKeep when there is no stale value.
   */
  notModified(): never
  /** Unix milliseconds. */
  readonly now: number
}

/** A load as its nested calls see it. */
export interface ActiveLoad extends CurrentLoad {
  readonly flight: Flight
  /** The load whose loader asked for this one. */
  readonly outer: ActiveLoad | undefined
  /** Its loader has answered: what it started and left behind, a timer say, is no part of it. */
  ended: boolean
}

const active = new AsyncLocalStorage<ActiveLoad>()

/** What a loader returns to say that the stale value still holds. */
export const NOT_MODIFIED: unique symbol = Symbol('granary.not-modified')

/**
 * The load that the calling code runs for.
 *
 * @example
 * ```ts
 * const { signal } = currentLoad()
 * const response = await fetch(url, { signal })
 * ```
 * @throws NoActiveLoad outside of a loader.
 */
export function currentLoad(): CurrentLoad {
  const load = enclosingLoad()
  if (load === undefined) throw new NoActiveLoad()
  return load
}

/** The load around the calling code, if any still runs. */
export function enclosingLoad(): ActiveLoad | undefined {
  let load = active.getStore()
  while (load?.ended) load = load.outer
  return load
}

/** Runs a loader inside its load. */
export function runInLoad<T>(load: ActiveLoad, loader: () => T): T {
  return active.run(load, loader)
}

/** Runs work that must not count as part of the enclosing load: a refresh that nobody waits for. */
export function runOutsideLoads<T>(work: () => T): T {
  return active.getStore() === undefined ? work() : active.exit(work)
}
