/** A thing that will happen. */
export interface Happening {
  at: number
  /** Among things of the same instant, the lower comes first; then the order of scheduling. */
  readonly rank: number
  readonly order: number
  cancelled: boolean
  /** Answers whether asynchronous code may have something to do afterwards. */
  readonly run: () => boolean
}

/** Taken before anything could replace it. */
const immediate = setImmediate

/** Lets all promise callbacks and `process.nextTick` callbacks run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    immediate(resolve)
  })
}

/** Simulated time: one queue of happenings, run one by one, with all asynchronous code done in between. */
export class Timeline {
  /** Milliseconds since the beginning. */
  now = 0
  #heap: Happening[] = []
  #count = 0

  /** Whether nothing is left to happen. */
  get isEmpty(): boolean {
    return this.#heap.length === 0
  }

  /** Calls `run` at an instant. */
  at(instant: number, run: () => boolean, rank = 5): Happening {
    const happening = { at: Math.max(instant, this.now), rank, order: this.#count++, cancelled: false, run }
    this.#push(happening)
    return happening
  }

  /** Runs everything until `end`, and leaves the time there. */
  async runUntil(end: number): Promise<void> {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.at > end) break
      this.#pop()
      if (next.cancelled) continue
      this.now = Math.max(this.now, next.at)
      if (next.run()) await settle()
    }
    this.now = Math.max(this.now, end)
  }

  #push(happening: Happening): void {
    const heap = this.#heap
    let at = heap.push(happening) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!before(happening, heap[above] as Happening)) break
      heap[at] = heap[above] as Happening
      at = above
    }
    heap[at] = happening
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Happening
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && before(heap[below + 1] as Happening, heap[below] as Happening)) below += 1
      if (!before(heap[below] as Happening, last)) break
      heap[at] = heap[below] as Happening
      at = below
    }
    heap[at] = last
  }
}

function before(a: Happening, b: Happening): boolean {
  return a.at !== b.at ? a.at < b.at : a.rank !== b.rank ? a.rank < b.rank : a.order < b.order
}
