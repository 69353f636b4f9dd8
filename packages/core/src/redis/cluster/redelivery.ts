import type { Clock } from '../../clock.ts'
import type { OutboundQueue } from '../../invalidation/outbound-queue.ts'
import type { Deliver } from '../supervision.ts'
import type { Supervisor } from '../supervisor.ts'

/** What a redelivery needs. */
export interface RedeliveryParts {
  readonly clock: Clock
  readonly queue: OutboundQueue
  readonly supervisor: Supervisor
  readonly deliver: Deliver
  readonly patience: number
}

/** Pause between attempts while a master is away, in milliseconds. */
const AGAIN = 200

/** Keys sent at once. */
const PART = 1_000

/**
 * Sends again what one master alone did not take, until it has. The rest of the cluster is in use meanwhile; what waits here
 * is not read. While the clock's master is away nothing is sent: its supervisor replays the queue before it opens the gate.
 */
export class Redelivery {
  readonly #parts: RedeliveryParts
  #running = false
  #cancel: (() => void) | undefined
  #closed = false

  constructor(parts: RedeliveryParts) {
    this.#parts = parts
  }

  /** Tries again in a moment, unless that is planned already. */
  soon(): void {
    if (this.#closed || this.#cancel !== undefined) return
    this.#cancel = this.#parts.clock.schedule(AGAIN, () => {
      this.#cancel = undefined
      void this.now()
    })
  }

  /** Tries now: a master has come back. */
  async now(): Promise<void> {
    if (this.#running || this.#closed) return
    this.#running = true
    try {
      const { queue } = this.#parts
      for (let parts = Math.ceil(queue.size / PART); parts > 0 && queue.size > 0; parts--) {
        if (!(await this.#sendPart())) return
      }
    } finally {
      this.#running = false
      if (this.#parts.queue.size > 0) this.soon()
    }
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  async #sendPart(): Promise<boolean> {
    const { clock, queue, supervisor, deliver, patience } = this.#parts
    const session = supervisor.current
    if (session === undefined) return false
    const taken = queue.take(PART)
    try {
      const { left, reading } = await deliver(session, taken, clock.now() + patience)
      queue.putBack(taken, { keys: left, members: [] })
      queue.settle(undefined, reading)
      return true
    } catch (error) {
      queue.putBack(taken)
      supervisor.distrust(error)
      return false
    }
  }
}
