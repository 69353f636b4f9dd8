/**
 * One dedicated connection to Redis, kept alive. It never queues and never resends: a command sent twice is counted twice.
 * Every call has a deadline of this process's own, because the dominant failure of a Redis is not an error but silence.
 */
import type { Clock, Random, RedisLike } from '@granary/core'
import { type BreakerEvent, FRESH, isTripped, note, pauseBefore } from './breaker.ts'
import { Deadlines } from './deadlines.ts'
import { Gathering } from './gathering.ts'
import { StoreFailure } from './store-failure.ts'

/** What a link is made of. */
export interface LinkOptions {
  readonly clock: Clock
  readonly random: Random
  /** Makes a client that is not connected yet. */
  readonly makeClient: () => Promise<RedisLike>
  /** Runs on each new connection before calls may use it; the connection counts as lost when it rejects. */
  readonly onConnected: (line: Line) => Promise<void>
  /** Called when calls can be made again, and when they no longer can. */
  readonly onOpen: () => void
  readonly onLost: (cause: StoreFailure) => void
}

/** Sends commands on a connection that is not open for everybody yet. */
export interface Line {
  /** Grows with every connection: what was known of the server before may not hold on the next. */
  readonly epoch: number
  /** Sends a command; rejects with {@link StoreFailure} at the deadline at the latest. */
  call(command: string, args: readonly (string | number)[], options: CallOptions): Promise<unknown>
}

/** How a call is made. */
export interface CallOptions {
  /** Milliseconds to wait for the reply. */
  readonly deadline: number
  /** Gets the reply when it comes after the deadline. */
  readonly onLate?: (reply: unknown) => void
}

/** Milliseconds for a connection to stand: longer than any deadline, because nobody waits for it. */
const CONNECT_PATIENCE = 1_000
/** More commands in flight than this are refused rather than queued. */
const MOST_IN_FLIGHT = 20_000
/** Milliseconds without a word after a miss, until the connection is dropped. */
const SILENCE = 100
/** A connection that lasted as long ends a series of failed attempts. */
const STEADY = 5_000

type Phase = 'connecting' | 'open' | 'away' | 'closed'

/** Nobody waits for it any more: one that cannot be read says nothing, and must not become a rejection that nobody handles. */
function late(reply: unknown, onLate: CallOptions['onLate']): void {
  try {
    onLate?.(reply)
  } catch {
    // Its caller has decided without it.
  }
}

/** The connection of a rate limiter: it reconnects by itself, and calls fail at their deadline. */
export class Link implements Line {
  readonly #options: LinkOptions
  readonly #firstAttempt: Promise<void>
  #endFirstAttempt: () => void = () => {}
  #phase: Phase = 'connecting'
  #client: RedisLike | undefined
  #gathering: Gathering | undefined
  #breaker = FRESH
  #epoch = 0
  #inFlight = 0
  #attempt = 0
  #openedAt = 0
  #silent = false
  #cancelRetry: (() => void) | undefined
  readonly #deadlines: Deadlines

  constructor(options: LinkOptions) {
    this.#options = options
    this.#deadlines = new Deadlines(options.clock, () => this.#note('missed', new StoreFailure('deadline')))
    this.#firstAttempt = new Promise((resolve) => {
      this.#endFirstAttempt = resolve
    })
    void this.#connect()
  }

  /** Whether calls go to Redis now. */
  get isOpen(): boolean {
    return this.#phase === 'open'
  }

  /** Grows with every connection: what was known of the server before may not hold on the next. */
  get epoch(): number {
    return this.#epoch
  }

  /** Resolves when the first attempt to connect has ended, either way. */
  firstAttempt(): Promise<void> {
    return this.#firstAttempt
  }

  /** Sends a command; rejects with {@link StoreFailure} at the deadline at the latest. */
  call(command: string, args: readonly (string | number)[], options: CallOptions): Promise<unknown> {
    if (this.#phase === 'connecting') return this.#callFirst(command, args, options)
    if (this.#phase !== 'open' || this.#client === undefined) return Promise.reject(new StoreFailure('away'))
    if (this.#silent) return Promise.reject(new StoreFailure('silent'))
    return this.#send(this.#client, command, args, options)
  }

  /** Ends the connection for good. */
  close(): void {
    this.#phase = 'closed'
    this.#cancelRetry?.()
    this.#client?.disconnect()
    this.#client = undefined
    this.#endFirstAttempt()
  }

  #send(
    client: RedisLike,
    command: string,
    args: readonly (string | number)[],
    { deadline, onLate }: CallOptions,
  ): Promise<unknown> {
    if (this.#inFlight >= MOST_IN_FLIGHT) return Promise.reject(new StoreFailure('overload'))
    this.#inFlight += 1
    return new Promise((resolve, reject) => {
      const expire = () => reject(new StoreFailure('deadline'))
      const waiting = { done: false, due: this.#options.clock.now() + deadline, expire }
      this.#deadlines.watch(waiting, deadline)
      this.#gathering?.begin()
      client.callBuffer(command, args).then(
        (reply) => {
          this.#inFlight -= 1
          this.#silent = false
          if (waiting.done) return late(reply, onLate)
          waiting.done = true
          if (this.#breaker !== FRESH) this.#breaker = note(this.#breaker, 'replied')
          resolve(reply)
        },
        (error: unknown) => {
          this.#inFlight -= 1
          if (waiting.done) return
          waiting.done = true
          const failure = StoreFailure.from(error)
          if (failure.reason === 'noscript') return reject(failure)
          if (failure.isFatal) this.#drop(client, failure)
          else this.#note('failed', failure)
          reject(failure)
        },
      )
    })
  }

  /** After a miss nobody waits for this server until it has said something. */
  #note(event: BreakerEvent, cause: StoreFailure): void {
    this.#breaker = note(this.#breaker, event)
    if (event === 'missed') this.#watchSilence(cause)
    if (isTripped(this.#breaker) && this.#client !== undefined) this.#drop(this.#client, cause)
  }

  #watchSilence(cause: StoreFailure): void {
    const client = this.#client
    if (this.#silent || client === undefined) return
    this.#silent = true
    this.#options.clock.schedule(SILENCE, () => {
      if (this.#silent && this.#client === client) this.#drop(client, cause)
    })
  }

  async #connect(): Promise<void> {
    let client: RedisLike | undefined
    try {
      client = await this.#options.makeClient()
      await this.#stand(client)
      if (this.#phase === 'closed') return client.disconnect()
      this.#breaker = FRESH
      this.#silent = false
      this.#openedAt = this.#options.clock.now()
      this.#phase = 'open'
      this.#options.onOpen()
    } catch (error) {
      client?.disconnect()
      this.#retry(StoreFailure.from(error))
    }
    this.#endFirstAttempt()
  }

  /** Connects, and prepares the connection; resolves when it may be used. */
  async #stand(client: RedisLike): Promise<void> {
    let lastError: unknown
    client.on('error', (error: never) => {
      lastError = error
    })
    const ended = new Promise<never>((_, reject) => {
      client.on('end', () => {
        const failure = StoreFailure.from(lastError ?? new Error('Connection is closed'))
        reject(failure)
        this.#drop(client, failure)
      })
    })
    ended.catch(() => {})
    this.#client = client
    this.#gathering = new Gathering(client)
    this.#epoch += 1
    const line: Line = {
      epoch: this.#epoch,
      call: (command, args, options) => this.#send(client, command, args, options),
    }
    await Promise.race([client.connect(), ended, this.#patience()])
    await Promise.race([this.#options.onConnected(line), ended])
  }

  #patience(): Promise<never> {
    return new Promise((_, reject) => {
      this.#options.clock.schedule(CONNECT_PATIENCE, () => reject(new StoreFailure('deadline')))
    })
  }

  #drop(client: RedisLike, cause: StoreFailure): void {
    if (this.#client !== client) return
    this.#client = undefined
    client.disconnect()
    if (this.#phase !== 'open') return
    if (this.#options.clock.now() - this.#openedAt >= STEADY) this.#attempt = 0
    this.#retry(cause)
  }

  #retry(cause: StoreFailure): void {
    if (this.#phase === 'closed') return
    const wasAway = this.#phase === 'away'
    this.#phase = 'away'
    this.#client = undefined
    if (!wasAway) this.#options.onLost(cause)
    const { clock, random } = this.#options
    this.#cancelRetry = clock.schedule(pauseBefore(this.#attempt++, random.next()), () => void this.#connect())
  }

  /** The first calls wait for the connection, within their deadline. */
  async #callFirst(command: string, args: readonly (string | number)[], options: CallOptions): Promise<unknown> {
    const { clock } = this.#options
    const from = clock.now()
    const patience = new Promise<void>((resolve) => {
      clock.schedule(options.deadline, resolve)
    })
    await Promise.race([this.#firstAttempt, patience])
    // In steps, because equal deadlines share a timer.
    const left = 5 * Math.floor((options.deadline - (clock.now() - from)) / 5)
    if (this.#phase === 'connecting' || left <= 0) throw new StoreFailure('away')
    return this.call(command, args, { ...options, deadline: left })
  }
}
