import type { Obligation } from './judgement.ts'
import type { Promises } from './promises.ts'
import type { Cause, Entry, Promised } from './record.ts'

/** What a visitor's bookmark covers. */
interface Marks {
  /** Written by the visitor, and taken by Redis. */
  readonly written: ReadonlyMap<string, Obligation>
  /** Written by the visitor, and queued: it binds other processes once it is delivered. */
  readonly queued: ReadonlyMap<string, Obligation>
  /** Everything that was in force everywhere at this instant has been seen. */
  readonly seenAt: number
}

const NOTHING: Marks = { written: new Map(), queued: new Map(), seenAt: Number.NEGATIVE_INFINITY }

/**
 * What visitors have written and seen. A bookmark is followed by the chain of requests that carried it, not by its text: each
 * request begins with what the one before took along.
 */
export class Visits {
  readonly #promises: Promises
  readonly #running = new Map<string, Marks>()
  readonly #gone = new Map<string, Marks>()

  constructor(promises: Promises) {
    this.#promises = promises
  }

  came(visit: string, from: string | undefined): void {
    this.#running.set(visit, (from === undefined ? undefined : this.#gone.get(from)) ?? NOTHING)
  }

  went(visit: string): void {
    this.#gone.set(visit, this.#running.get(visit) ?? NOTHING)
  }

  /** The visitor has invalidated. */
  held(
    visit: string,
    promises: readonly Promised[],
    { cause, delivered }: { readonly cause: Cause; readonly delivered: boolean },
  ): void {
    const marks = this.#running.get(visit) ?? NOTHING
    const made = promises.map(({ version, ...entry }) => [keyOf(entry), { version, cause }] as const)
    const into = delivered ? 'written' : 'queued'
    this.#running.set(visit, { ...marks, [into]: merged(marks[into], made) })
  }

  /** The visitor was answered by a process that had heard of everything before this instant. */
  saw(visit: string, instant: number): void {
    const marks = this.#running.get(visit) ?? NOTHING
    if (instant > marks.seenAt) this.#running.set(visit, { ...marks, seenAt: instant })
  }

  /** What the visitor must see of an entry, at least. */
  due(visit: string, entry: Entry, at: number): Obligation | undefined {
    const { written, queued, seenAt } = this.#running.get(visit) ?? NOTHING
    const key = keyOf(entry)
    const waiting = queued.get(key)
    const delivered = this.#promises.deliveredBy(entry, at)
    const arrived = waiting !== undefined && delivered !== undefined && delivered.version >= waiting.version
    const all = [written.get(key), arrived ? waiting : undefined, this.#promises.deliveredBy(entry, seenAt)]
    return all.reduce(
      (best, each) => (each !== undefined && each.version > (best?.version ?? 0) ? each : best),
      undefined,
    )
  }
}

const keyOf = ({ name, row }: Entry) => `${name}/${row}`

function merged(
  known: ReadonlyMap<string, Obligation>,
  made: readonly (readonly [string, Obligation])[],
): ReadonlyMap<string, Obligation> {
  const all = new Map(known)
  for (const [key, each] of made) if (each.version > (all.get(key)?.version ?? 0)) all.set(key, each)
  return all
}
