import type { Clock } from '../clock.ts'
import { RedisUnavailable } from '../errors.ts'
import { startDeadline } from './connection/deadline.ts'

/** A piece of work that can share a command with others of its kind. */
export interface Gathered<Request, Reply> {
  readonly request: Request
  /** Monotonic milliseconds. */
  readonly deadline: number
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: unknown) => void
}

/** How a batch is sent. `sentAt` is when, and `deadline` the latest of its members'. */
export type SendBatch<Request, Reply> = (requests: readonly Request[], deadline: number) => Promise<readonly Reply[]>

/** The most that goes into one command. */
const LARGEST_BATCH = 512

/** Deadlines this close together, in milliseconds, share one timer. */
const SAME = 5

/**
 * Gathers the requests of one tick into one command. A lone request is sent in the same tick: nothing waits for company.
 * Each keeps its own deadline.
 */
export class Gather<Request, Reply> {
  readonly #send: SendBatch<Request, Reply>
  readonly #clock: Clock
  #waiting: Gathered<Request, Reply>[] = []

  constructor(clock: Clock, send: SendBatch<Request, Reply>) {
    this.#clock = clock
    this.#send = send
  }

  add(request: Request, deadline: number): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) process.nextTick(() => this.#flush())
      this.#waiting.push({ request, deadline, resolve, reject })
      if (this.#waiting.length >= LARGEST_BATCH) this.#flush()
    })
  }

  #flush(): void {
    const batch = this.#waiting
    if (batch.length === 0) return
    this.#waiting = []
    const earliest = batch.reduce((soonest, { deadline }) => Math.min(soonest, deadline), Number.POSITIVE_INFINITY)
    const latest = batch.reduce((last, { deadline }) => Math.max(last, deadline), 0)
    const cancel = earliest < latest - SAME ? this.#expire(batch, latest) : () => {}
    this.#send(
      batch.map(({ request }) => request),
      latest,
    ).then(
      (replies) => {
        cancel()
        batch.forEach(({ resolve }, at) => {
          resolve(replies[at] as Reply)
        })
      },
      (error) => {
        cancel()
        for (const { reject } of batch) reject(error)
      },
    )
  }

  /** Rejects members whose own deadline is earlier than the command's. */
  #expire(batch: readonly Gathered<Request, Reply>[], latest: number): () => void {
    const now = this.#clock.now()
    const cancels = batch
      .filter(({ deadline }) => deadline < latest - SAME)
      .map(({ deadline, reject }) =>
        startDeadline(this.#clock, deadline - now, () => reject(new RedisUnavailable('deadline'))),
      )
    return () => {
      for (const cancel of cancels) cancel()
    }
  }
}
