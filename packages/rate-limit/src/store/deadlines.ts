/** Deadlines of calls in flight. Calls of one limit set wait equally long, so one timer for each length serves all of them. */
import type { Clock } from '@granary/core'

/** A call that waits. */
export interface Waiting {
  /** Whether its reply came. */
  done: boolean
  /** Called once, when the deadline passed first. */
  readonly expire: () => void
}

interface Queue {
  readonly items: (Waiting & { readonly due: number })[]
  armed: boolean
}

/** Watches over calls in flight and expires those whose time is up. */
export class Deadlines {
  readonly #clock: Clock
  readonly #onMissed: () => void
  readonly #queues = new Map<number, Queue>()

  /** `onMissed` is called once for all calls that expire together: a pause of the server is one miss, however many waited. */
  constructor(clock: Clock, onMissed: () => void) {
    this.#clock = clock
    this.#onMissed = onMissed
  }

  /** Expires `waiting` after `length` milliseconds unless it is done by then. */
  watch(waiting: Waiting & { readonly due: number }, length: number): void {
    let queue = this.#queues.get(length)
    if (queue === undefined) {
      queue = { items: [], armed: false }
      this.#queues.set(length, queue)
    }
    queue.items.push(waiting)
    if (!queue.armed) this.#arm(queue, length)
  }

  #arm(queue: Queue, pause: number): void {
    queue.armed = true
    this.#clock.schedule(pause, () => {
      // A busy process runs its timers before it reads what has arrived: give replies that are there a turn to be read.
      this.#clock.schedule(0, () => this.#expire(queue))
    })
  }

  #expire(queue: Queue): void {
    const now = this.#clock.now()
    const { items } = queue
    let passed = 0
    let missed = false
    for (; passed < items.length; passed++) {
      const waiting = items[passed] as Queue['items'][number]
      if (waiting.done) continue
      if (waiting.due > now) break
      waiting.done = true
      missed = true
      waiting.expire()
    }
    items.splice(0, passed)
    queue.armed = false
    const next = items[0]
    if (next !== undefined) this.#arm(queue, Math.max(1, next.due - now))
    if (missed) this.#onMissed()
  }
}
