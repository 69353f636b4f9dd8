import type { Clock } from '../clock.ts'
import { RedisUnavailable } from '../errors.ts'
import { type Awaited, Deadlines } from './connection/deadlines.ts'

/** Who waits for an answer. Exactly one of both is called, once; neither may throw. */
export interface Callbacks<Reply> {
  resolve(reply: Reply): void
  reject(error: unknown): void
}

/** A piece of work that can share a command with others of its kind, and who waits for it. */
export interface Asked<Request, Reply> extends Callbacks<Reply> {
  readonly request: Request
  /** Monotonic milliseconds. */
  readonly deadline: number
  isAnswered: boolean
}

/** How a batch is sent: `deadline` is the latest of its members'. */
export type SendBatch<Request, Reply> = (
  requests: readonly Request[],
  deadline: number,
  callbacks: Callbacks<readonly Reply[]>,
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
  readonly #late: (request: Request, reply: Reply) => void
  readonly #flushSoon = () => this.#flush()
  #waiting: Asked<Request, Reply>[] = []

  /** @param late - Told of an answer whose asker had gone at a deadline of its own. */
  constructor(clock: Clock, send: SendBatch<Request, Reply>, late: (request: Request, reply: Reply) => void = NOTHING) {
    this.#late = late
    this.#clock = clock
    this.#deadlines = new Deadlines(clock)
    this.#send = send
  }

  add(asked: Asked<Request, Reply>): void {
    if (this.#waiting.length === 0) process.nextTick(this.#flushSoon)
    this.#waiting.push(asked)
    if (this.#waiting.length >= LARGEST_BATCH) this.#flush()
  }

  /** The same as a promise. */
  ask(request: Request, deadline: number): Promise<Reply> {
    return new Promise((resolve, reject) => this.add({ request, deadline, isAnswered: false, resolve, reject }))
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
          const each = batch[at] as Asked<Request, Reply>
          const reply = replies[at] as Reply
          if (each.isAnswered) this.#late(each.request, reply)
          else answer(each, reply)
        }
      },
      reject: (error) => {
        cancel()
        for (const each of batch) if (!each.isAnswered) refuse(each, error)
      },
    })
  }

  /** Rejects members whose own deadline is earlier than the command's. */
  #expire(batch: readonly Asked<Request, Reply>[], latest: number): () => void {
    const now = this.#clock.now()
    const early = batch
      .filter(({ deadline }) => deadline < latest - SAME)
      .map((each): Awaited => {
        return { deadline: each.deadline, expire: () => refuse(each, new RedisUnavailable('deadline')) }
      })
    for (const each of early) this.#deadlines.add(each, now)
    return () => {
      for (const each of early) this.#deadlines.remove(each)
    }
  }
}

/** What its receiver cannot make sense of is no answer, for that one alone: the others get theirs. */
function answer<Request, Reply>(asked: Asked<Request, Reply>, reply: Reply): void {
  asked.isAnswered = true
  try {
    asked.resolve(reply)
  } catch (cause) {
    asked.reject(cause instanceof RedisUnavailable ? cause : new RedisUnavailable('protocol', cause))
  }
}

function refuse<Request, Reply>(asked: Asked<Request, Reply>, error: unknown): void {
  asked.isAnswered = true
  asked.reject(error)
}
