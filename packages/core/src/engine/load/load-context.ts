import { give } from '../../entry/stored-value.ts'
import { NothingToKeep } from '../../errors.ts'
import { type ActiveLoad, enclosingLoad, NOT_MODIFIED } from '../../flight/current-load.ts'
import type { Flight } from '../../flight/flight.ts'
import type { Landing } from '../landing.ts'
import type { Operation } from '../operation.ts'

/** What a loader may ask of the load it runs for. Signal and stale copy are made when they are asked for: most loaders ask for neither. */
export class LoadContext implements ActiveLoad {
  readonly flight: Flight
  readonly outer: ActiveLoad | undefined = enclosingLoad()
  ended = false
  readonly #op: Operation
  readonly #stale: Landing | undefined
  #copy: { readonly value: unknown } | undefined
  #abort: AbortController | undefined
  #reason: Error | undefined

  constructor(op: Operation, flight: Flight, stale: Landing | undefined) {
    this.#op = op
    this.flight = flight
    this.#stale = stale
  }

  get key(): string {
    return this.#op.key
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#reason !== undefined) this.#abort.abort(this.#reason)
    return this.#abort.signal
  }

  get stale(): unknown {
    this.#copy ??= { value: this.#stale && give(this.#stale, this.#op.engine.registry) }
    return this.#copy.value
  }

  get now(): number {
    return this.#op.engine.clock.wall()
  }

  /** A property, so that it may be taken apart: `const { notModified } = currentLoad()`. */
  readonly notModified = (): never => {
    if (this.#stale === undefined) throw new NothingToKeep(this.key)
    return NOT_MODIFIED as never
  }

  /** What the loader's answer stands for. */
  valueOf(answer: unknown): unknown {
    return answer === NOT_MODIFIED ? this.#stale?.value : answer
  }

  /** The load has run out of time. */
  abort(reason: Error): void {
    this.#reason = reason
    this.#abort?.abort(reason)
  }
}
