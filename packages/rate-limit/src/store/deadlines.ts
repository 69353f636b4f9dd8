/** Deadlines of calls in flight. Calls of one limit set wait equally long, so one timer for each length serves all of them. */
import type { Clock } from '@granary/core'

/** A call that waits. */
interface Waiting {
  /** Whether its reply came. */
  done: boolean
  /** Called once, when the deadline passed first. */
  readonly expire: () => void
}

/** Calls of one length of patience, in the order in which they were sent; most are done in that order, too. */
interface Queue {
  items: Due[]
  /** Everything before is done. */
  from: number
  armed: boolean
}

type Due = Waiting & { readonly due: number }

/** As many done calls are carried along before they are let go of. */
const COMPACT = 1_024

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
  watch(waiting: Due, length: number): void {
    let queue = this.#queues.get(length)
    if (queue === undefined) {
      queue = { items: [], from: 0, armed: false }
      this.#queues.set(length, queue)
    }
    skipDone(queue)
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
    let missed = false
    for (let at = queue.from; at < queue.items.length; at++) {
      const waiting = queue.items[at] as Due
      if (waiting.done) continue
      if (waiting.due > now) break
      waiting.done = true
      missed = true
      waiting.expire()
    }
    skipDone(queue)
    queue.armed = false
    const next = queue.items[queue.from]
    if (next !== undefined) this.#arm(queue, Math.max(1, next.due - now))
    if (missed) this.#onMissed()
  }
}

function skipDone(queue: Queue): void {
  const { items } = queue
  while (queue.from < items.length && (items[queue.from] as Due).done) queue.from += 1
  if (queue.from < COMPACT && queue.from < items.length) return
  queue.items = items.slice(queue.from)
  queue.from = 0
}
