/** One change that the driver asked for. What it made untrue may be seen until its limit, which depends on where one reads. */
export interface Change {
  /** The process that took it. */
  readonly process: number
  /** When it was sent: its effect may be visible from here on. */
  readonly startedAt: number
  /** When it was answered: from here on nobody may say that the old value is still true. */
  readonly endedAt: number
  /** Whether the answer said that every process was told; otherwise they are told when `replayedAt` comes. */
  readonly delivered: boolean
  /** When the process that took it had told the others; infinity while that is not known. */
  replayedAt: number
}

/** When and where something was read. Milliseconds on the driver's one clock. */
export interface Read {
  readonly process: number
  readonly startedAt: number
  readonly endedAt: number
}

/** A stretch of time in which something was true. */
export interface Span {
  readonly from: number
  readonly until: number
}

/** What an answer turned out to be. */
export type Finding =
  /**
   * True at some moment that the guarantee allows; `staleness` says how long before the read it ceased to be true, and `queued`
   * whether by a change that the process which took it could not tell the others of at once.
   */
  | { readonly kind: 'right'; readonly staleness: number; readonly queued: boolean; readonly spans: readonly Span[] }
  /** True once, too long ago. */
  | { readonly kind: 'stale'; readonly staleness: number; readonly excess: number }
  /** Never true. */
  | { readonly kind: 'wrong' }

interface Version<V> {
  readonly value: V
  readonly change: Change | undefined
}

/** A value over time, as the one who changes it knows it: the truth that answers are held against. */
export class Timeline<V> {
  readonly #versions: Version<V>[]

  constructor(initial: V) {
    this.#versions = [{ value: initial, change: undefined }]
  }

  /** The value after the last change. */
  get current(): V {
    return (this.#versions.at(-1) as Version<V>).value
  }

  /** Records what a change made of the value. Changes of one timeline never overlap: the driver sees to it. */
  set(value: V, change: Change): void {
    this.#versions.push({ value, change })
  }

  /**
   * Judges an answer that `matches` recognises.
   *
   * A version was true from the start of the change that made it until the end of the next one, as far as an observer can
   * tell. It may be read by a process until the earliest limit of all later changes: at once in the process that took the
   * change, `maxStaleness` later elsewhere, counted from the replay when the change was queued.
   */
  judge(read: Read, matches: (value: V) => boolean, maxStaleness: number): Finding {
    const spans: Span[] = []
    let staleness = Number.POSITIVE_INFINITY
    let queued = false
    let missed: Finding = { kind: 'wrong' }
    let limit = Number.POSITIVE_INFINITY
    let until = Number.POSITIVE_INFINITY
    let next: Change | undefined
    for (let at = this.#versions.length - 1; at >= 0; at -= 1) {
      const { value, change } = this.#versions[at] as Version<V>
      const from = change?.startedAt ?? Number.NEGATIVE_INFINITY
      if (from <= read.endedAt && matches(value)) {
        const age = Math.max(0, read.startedAt - until)
        if (limit >= read.startedAt) {
          spans.push({ from, until })
          if (age < staleness) queued = age > 0 && next?.delivered === false
          staleness = Math.min(staleness, age)
        } else if (missed.kind === 'wrong') {
          missed = { kind: 'stale', staleness: age, excess: read.startedAt - limit }
        }
      }
      if (limit < read.startedAt && (spans.length > 0 || missed.kind === 'stale')) break
      if (change !== undefined) {
        limit = Math.min(limit, limitOf(change, read.process, maxStaleness))
        until = change.endedAt
        next = change
      }
    }
    return spans.length > 0 ? { kind: 'right', staleness, queued, spans } : missed
  }
}

function limitOf(change: Change, process: number, maxStaleness: number): number {
  if (process === change.process) return change.endedAt
  return (change.delivered ? change.endedAt : change.replayedAt) + maxStaleness
}

/** The stretches that two lists have in common. */
export function intersect(left: readonly Span[], right: readonly Span[]): Span[] {
  return left.flatMap((a) =>
    right
      .map((b) => ({ from: Math.max(a.from, b.from), until: Math.min(a.until, b.until) }))
      .filter(({ from, until }) => from <= until),
  )
}
