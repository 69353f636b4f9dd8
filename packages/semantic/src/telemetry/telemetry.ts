import { channel } from 'node:diagnostics_channel'
import type { SemanticEvent, SemanticEventOf } from './event.ts'
import { SemanticCounters, type SemanticStats } from './stats.ts'

/** The diagnostics channel on which every semantic cache of the process tells its events, with `name`. */
export const SEMANTIC_CHANNEL = 'granary:semantic'

/** Tells events to the counters, to listeners and to the `granary:semantic` diagnostics channel. */
export class SemanticTelemetry {
  readonly #name: string
  readonly #channel = channel(SEMANTIC_CHANNEL)
  readonly #counters = new SemanticCounters()
  readonly #listeners = new Map<SemanticEvent['type'], Set<(event: never) => void>>()

  constructor(name: string) {
    this.#name = name
  }

  /** Tells an event. A listener that throws harms nobody: its error becomes a warning of the process. */
  emit(event: SemanticEvent): void {
    this.#counters.count(event)
    for (const listener of this.#listeners.get(event.type) ?? []) {
      try {
        listener(event as never)
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error))
      }
    }
    if (this.#channel.hasSubscribers) this.#channel.publish({ name: this.#name, ...event })
  }

  /** Calls `listener` for every event of a type until the returned function is called. */
  on<T extends SemanticEvent['type']>(type: T, listener: (event: SemanticEventOf<T>) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set()
    listeners.add(listener as (event: never) => void)
    this.#listeners.set(type, listeners)
    return () => {
      listeners.delete(listener as (event: never) => void)
    }
  }

  stats(): SemanticStats {
    return this.#counters.describe()
  }
}
