import type { Clock } from '../clock.ts'
import { RedisUnavailable } from '../errors.ts'
import { type Awaited, Deadlines } from './connection/deadlines.ts'

/** A piece of work that can share a command with others of its kind. */
export interface Gathered<Request, Reply> {
  readonly request: Request
  /** Monotonic milliseconds. */
  readonly deadline: number
  /** Exactly one of both is called, once; neither may throw. */
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: unknown) => void
}

/** One on its way. */
interface Sent<Request, Reply> extends Gathered<Request, Reply> {
  isAnswered: boolean
}

/** Where the replies of a batch go. */
export interface BatchCallbacks<Reply> {
  readonly resolve: (replies: readonly Reply[]) => void
  readonly reject: (error: unknown) => void
}

/** How a batch is sent: `deadline` is the latest of its members'. */
export type SendBatch<Request, Reply> = (
  requests: readonly Request[],
  deadline: number,
  callbacks: BatchCallbacks<Reply>,
) => void

/** The most that goes into one command. */
const LARGEST_BATCH = 512

const NOTHING = () => {}

/** Deadlines this close together, in milliseconds, share one timer. */
const SAME = 5

/**
 * Gathers the requests of one tick into one command. A lone request is sent in the same tick: nothing waits for company.
 * Each keeps its own deadline.
 */
export class Gather<Request, Reply> {
  readonly #send: SendBatch<Request, Reply>
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #flushSoon = () => this.#flush()
  #waiting: Sent<Request, Reply>[] = []

  constructor(clock: Clock, send: SendBatch<Request, Reply>) {
    this.#clock = clock
    this.#deadlines = new Deadlines(clock)
    this.#send = send
  }

  add({ request, deadline, resolve, reject }: Gathered<Request, Reply>): void {
    if (this.#waiting.length === 0) process.nextTick(this.#flushSoon)
    this.#waiting.push({ request, deadline, resolve, reject, isAnswered: false })
    if (this.#waiting.length >= LARGEST_BATCH) this.#flush()
  }

  /** The same as a promise. */
  ask(request: Request, deadline: number): Promise<Reply> {
    return new Promise((resolve, reject) => this.add({ request, deadline, resolve, reject }))
  }

  #flush(): void {
    const batch = this.#waiting
    if (batch.length === 0) return
    this.#waiting = []
    let earliest = Number.POSITIVE_INFINITY
    let latest = 0
    for (const { deadline } of batch) {
      if (deadline < earliest) earliest = deadline
      if (deadline > latest) latest = deadline
    }
    const cancel = earliest < latest - SAME ? this.#expire(batch, latest) : NOTHING
    const requests = batch.map(({ request }) => request)
    this.#send(requests, latest, {
      resolve: (replies) => {
        cancel()
        for (let at = 0; at < batch.length; at++) {
          const each = batch[at] as Sent<Request, Reply>
          if (!each.isAnswered) each.resolve(replies[at] as Reply)
        }
      },
      reject: (error) => {
        cancel()
        for (const each of batch) if (!each.isAnswered) each.reject(error)
      },
    })
  }

  /** Rejects members whose own deadline is earlier than the command's. */
  #expire(batch: readonly Sent<Request, Reply>[], latest: number): () => void {
    const now = this.#clock.now()
    const early = batch
      .filter(({ deadline }) => deadline < latest - SAME)
      .map((each): Awaited => {
        const expire = () => {
          each.isAnswered = true
          each.reject(new RedisUnavailable('deadline'))
        }
        return { deadline: each.deadline, expire }
      })
    for (const each of early) this.#deadlines.add(each, now)
    return () => {
      for (const each of early) this.#deadlines.remove(each)
    }
  }
}
