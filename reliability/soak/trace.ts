/** What can happen to a row: what the workload does, and what the caches tell of it. */
const KINDS = [
  'asks',
  'is given',
  'is given nothing',
  'loads',
  'load failed',
  'hit in memory',
  'stale hit in memory',
  'hit in Redis',
  'stale hit in Redis',
  'joined a flight',
  'leased',
  'waits for a lease',
  'lease lost',
  'kept in memory',
  'stored in Redis',
  'commit rejected',
  'frame rejected',
  'sets',
  'set: delivered',
  'set: queued',
  'puts',
  'put done',
  'deletes',
  'invalidates its tag',
  'clears its name',
  'invalidation: delivered',
  'invalidation: queued',
] as const

/** One kind of event in the life of a row. */
export type Happening = (typeof KINDS)[number]

/** Events kept of each row. */
const KEPT = 64

/** What is told beside the rows: faults, losses and recoveries of Redis. */
const KEPT_NEWS = 64

/**
 * The last events of every row, so that a violation explains itself. Bounded, and in one piece of memory outside the heap that
 * is allotted at the beginning: what a soak measures does not grow by it.
 */
export class Trace {
  readonly #next: Uint32Array
  readonly #at: Float64Array
  readonly #kinds: Uint8Array
  readonly #processes: Uint8Array
  readonly #details: Float64Array
  readonly #news: { at: number; text: string }[] = Array.from({ length: KEPT_NEWS }, () => ({ at: 0, text: '' }))
  #told = 0
  readonly #startedAt = performance.now()

  constructor(rows: number) {
    this.#next = new Uint32Array(rows)
    this.#at = new Float64Array(rows * KEPT)
    this.#kinds = new Uint8Array(rows * KEPT)
    this.#processes = new Uint8Array(rows * KEPT)
    this.#details = new Float64Array(rows * KEPT)
  }

  /** Notes an event; `detail` is a version, or the age of what was found in milliseconds. */
  note(row: number, process: number, kind: Happening, detail = Number.NaN): void {
    const next = this.#next[row] as number
    const slot = row * KEPT + (next % KEPT)
    this.#next[row] = next + 1
    this.#at[slot] = performance.now()
    this.#kinds[slot] = KINDS.indexOf(kind)
    this.#processes[slot] = process
    this.#details[slot] = detail
  }

  /** Notes what concerns all rows. */
  tell(text: string): void {
    const slot = this.#news[this.#told++ % KEPT_NEWS] as { at: number; text: string }
    slot.at = performance.now()
    slot.text = text
  }

  /** The events of a row and the news between them, oldest first, a line each. */
  of(row: number): readonly string[] {
    const count = Math.min(KEPT, this.#next[row] as number)
    const first = (this.#next[row] as number) - count
    const lines = Array.from({ length: count }, (_, each) => {
      const slot = row * KEPT + ((first + each) % KEPT)
      const detail = this.#details[slot] as number
      const shown = Number.isNaN(detail) ? '' : ` ${Math.round(detail * 10) / 10}`
      const text = `process ${this.#processes[slot]}: ${KINDS[this.#kinds[slot] as number]}${shown}`
      return { at: this.#at[slot] as number, text }
    })
    const since = lines[0]?.at ?? 0
    const news = this.#news.slice(0, this.#told).filter(({ at }) => at >= since - 1_000)
    return [...lines, ...news]
      .toSorted((a, b) => a.at - b.at)
      .map(({ at, text }) => `${(at - this.#startedAt).toFixed(1)} ms ${text}`)
  }
}
