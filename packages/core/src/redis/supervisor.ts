import { waitAtMost } from '../clock.ts'
import { RedisUnavailable } from '../errors.ts'
import type { ClockReading } from '../invalidation/clock-reading.ts'
import { decodeAcknowledgement } from './bus/acknowledgements.ts'
import { type BusMessage, decodeMessage, decodeWake } from './bus/bus-message.ts'
import { keysOf, type Payload, PUSH_CHANNEL } from './bus/tracking.ts'
import { classifyFailure } from './connection/failure.ts'
import { ServerTime } from './connection/server-time.ts'
import { startHeartbeat } from './heartbeat.ts'
import { replayQueue } from './replay.ts'
import { Session } from './session.ts'
import type { ConnectionState, SupervisorOptions } from './supervision.ts'

/** Pauses between attempts to connect, in milliseconds; the last one repeats. */
const PAUSES = [25, 50, 100, 200]

/** How often it is told that Redis is still away, in milliseconds. */
const REMINDER = 60_000

/** How long saying goodbye may take, in milliseconds. */
const FAREWELL = 100

/**
 * Keeps one session with Redis at a time, and the gate in front of it.
 *
 * The way to an open gate: connect, learn the server's life, subscribe, hello, replay what was queued, empty memory, open.
 * Half-opening after a failure is that same way: it uses real commands, nobody waits for it, and no call pays for it.
 */
export class Supervisor {
  readonly time = new ServerTime()
  readonly #options: SupervisorOptions
  readonly #startedAt: number
  #session: Session | undefined
  #isTaking = false
  #closed = false
  #opened = false
  #downSince: { readonly at: number; readonly wall: number; cause: RedisUnavailable; toldAt: number } | undefined
  #disturb: ((cause: unknown) => void) | undefined
  /** Messages that came while the clock was not yet adopted. */
  #early: BusMessage[] | undefined
  readonly #firstAttempt: Promise<void>
  readonly #loop: Promise<void>
  #endFirstAttempt: () => void = () => {}
  /** Ends the pause before the next attempt. */
  #endPause: () => void = () => {}

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#startedAt = options.clock.wall()
    this.#firstAttempt = new Promise((resolve) => {
      this.#endFirstAttempt = resolve
    })
    this.#loop = this.#run()
  }

  /** The session in use; undefined while the gate is shut. */
  get current(): Session | undefined {
    return this.#options.link.isOpen ? this.#session : undefined
  }

  /**
   * The session that takes invalidations: also one whose gate is still shut, once its clock is adopted. If what is invalidated
   * meanwhile were queued behind what is being replayed, a process that invalidates all the time would never be done with it.
   */
  get taking(): Session | undefined {
    return this.#options.link.isOpen || this.#isTaking ? this.#session : undefined
  }

  get state(): ConnectionState {
    if (this.#options.link.isOpen) return { state: 'open', reason: undefined, since: undefined }
    if (this.#downSince === undefined) return { state: 'connecting', reason: undefined, since: this.#startedAt }
    return { state: 'away', reason: this.#downSince.cause.reason, since: this.#downSince.wall }
  }

  /** The last failure since Redis was in use. */
  get cause(): RedisUnavailable | undefined {
    return this.#downSince?.cause
  }

  /** Waits for the end of the first attempt to connect; resolves to whether the gate is open. */
  async untilFirstOpen(patience: number): Promise<boolean> {
    if (this.#opened || this.#downSince !== undefined) return this.#options.link.isOpen
    await waitAtMost(this.#options.clock, patience, this.#firstAttempt)
    return this.#options.link.isOpen
  }

  /** Shuts the gate until everything queued has been replayed and the clock was read again. */
  distrust(cause: unknown): void {
    if (!this.#options.link.isOpen) return
    this.#shut(cause instanceof RedisUnavailable ? cause : new RedisUnavailable('error', cause))
    this.#disturb?.(cause)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#endPause()
    const cause = new RedisUnavailable('shut')
    this.#options.link.shut()
    this.#disturb?.(cause)
    await this.#leave()
    this.#session?.end(cause)
    this.#endFirstAttempt()
    await this.#loop
  }

  /** Nobody has to wait for a process that will not serve its memory again; nor does it wait long to say so. */
  async #leave(): Promise<void> {
    const { clock } = this.#options
    const leaving = this.#session?.leave(clock.now() + FAREWELL) ?? Promise.resolve()
    await waitAtMost(clock, FAREWELL, leaving)
  }

  async #run(): Promise<void> {
    for (let attempt = 0; !this.#closed; attempt++) {
      try {
        this.time.forget()
        const session = await Session.open({
          ...this.#options.session,
          onMessage: (channel, payload) => this.#receive(channel, payload),
        })
        this.#session = session
        session.ended.then((cause) => this.#disturb?.(cause))
        if (this.#closed) break
        await this.#serve(session, () => {
          attempt = -1
        })
      } catch (error) {
        this.#shut(classifyFailure(error))
      }
      this.#endFirstAttempt()
      this.#remind(this.#options.clock.now() - REMINDER)
      const cause = this.#downSince?.cause ?? new RedisUnavailable('shut')
      this.#session?.end(cause)
      this.#session = undefined
      if (!this.#closed) await this.#pause(this.#pauseAfter(Math.max(attempt, 0)))
    }
    this.#session?.end(new RedisUnavailable('shut'))
  }

  /** Tells that Redis is still away, unless that was told after `latest`: once a minute, and when the reason changes. */
  #remind(latest: number): void {
    const { clock, effects } = this.#options
    const down = this.#downSince
    if (down === undefined || this.#closed || down.toldAt > latest) return
    down.toldAt = clock.now()
    effects.awaited(down.cause, down.wall)
  }

  /** A promise of its own each time: what waits on one that lives as long as the cache would pile up in a long outage. */
  #pause(delay: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.schedule(delay, resolve)
      this.#endPause = () => {
        cancel()
        resolve()
      }
    })
  }

  #pauseAfter(attempt: number): number {
    const base = PAUSES[Math.min(attempt, PAUSES.length - 1)] as number
    return base * (0.75 + this.#options.random.next() / 2)
  }

  /** Serves one session until it ends, verifying again whenever it was disturbed without having ended. */
  async #serve(session: Session, onOpen: () => void): Promise<void> {
    let ended = false
    session.ended.then(() => {
      ended = true
    })
    while (!ended && !this.#closed) {
      const disturbed = new Promise<unknown>((resolve) => {
        this.#disturb = resolve
      })
      await this.#verify(session)
      onOpen()
      this.#endFirstAttempt()
      const stopHeart = startHeartbeat(session, {
        ...this.#options,
        time: this.time,
        renewed: () => this.distrust(new Error('The namespace metadata was lost and made anew.')),
      })
      const cause = await disturbed
      stopHeart()
      this.#shut(cause instanceof RedisUnavailable ? cause : new RedisUnavailable('error', cause))
    }
  }

  /** Hello, replay, open: in this order, and with nothing queued at the moment of opening that a read could pass by. */
  async #verify(session: Session): Promise<void> {
    const {
      link,
      clock,
      session: { patience },
    } = this.#options
    this.#early = []
    const { hello, sentAt, receivedAt, serverTime } = await session.hello(clock.now() + patience)
    this.time.learn(serverTime, sentAt, receivedAt)
    await this.#refuseSlow(session)
    link.adopt(hello)
    this.#isTaking = true
    const early = this.#early
    this.#early = undefined
    for (const message of early) this.#deliver(message)
    await replayQueue(session, this.#options, (replayed, reading) => {
      if (!this.#closed) this.#open(session, { provenAt: sentAt, replayed, reading })
    })
  }

  #open(
    session: Session,
    { provenAt, replayed, reading }: { provenAt: number; replayed: number; reading: ClockReading | undefined },
  ): void {
    const { link, queue, clock, effects } = this.#options
    effects.empty('entering')
    link.open(provenAt)
    queue.settle(undefined, reading)
    this.#opened = true
    const down = this.#downSince
    this.#downSince = undefined
    if (down !== undefined) effects.recovered(clock.now() - down.at, replayed)
    effects.opened(session)
  }

  /** A server that is slow already now would make every call slow: it stays unused. One more question, since a hello may carry its script. */
  async #refuseSlow(session: Session): Promise<void> {
    const { clock, session: options } = this.#options
    if (!session.data.wasSlow) return
    await session.readClock(clock.now() + options.patience)
    if (session.data.wasSlow)
      throw new RedisUnavailable('deadline', new Error(`Redis takes longer than ${options.slow} ms to answer.`))
  }

  #shut(cause: RedisUnavailable): void {
    const { link, clock, effects } = this.#options
    const wasOpen = link.isOpen
    link.shut()
    this.#isTaking = false
    if (wasOpen) effects.empty('leaving')
    if (this.#closed) return
    const now = clock.now()
    if (this.#downSince !== undefined) {
      const isNews = cause.reason !== this.#downSince.cause.reason
      this.#downSince.cause = cause
      if (isNews) this.#remind(now)
      return
    }
    this.#downSince = { at: now, wall: clock.wall(), cause, toldAt: now }
    effects.lost(cause)
  }

  #receive(channel: string, payload: Payload): void {
    if (channel === PUSH_CHANNEL) {
      this.#options.effects.pushed(keysOf(payload))
      return
    }
    if (channel === this.#options.session.metadata.wake) {
      const { key, news } = decodeWake(payload)
      this.#options.effects.wake(key, news)
      return
    }
    if (channel === this.#options.session.metadata.acknowledgements(this.#options.session.origin)) {
      const told = decodeAcknowledgement(payload)
      if (told !== undefined) this.#session?.acknowledgements.note(told)
      return
    }
    const message = decodeMessage(this.#options.namespace, payload)
    if (message === undefined)
      this.distrust(new RedisUnavailable('protocol', new Error('A bus message could not be read.')))
    else if (this.#early !== undefined) this.#early.push(message)
    else this.#deliver(message)
  }

  /** Own messages only advance the count: their effect was taken at the call and at the reply. */
  #deliver(message: BusMessage): void {
    const { link, effects, session } = this.#options
    const delivery = link.deliver(message, message.targets.members)
    if (message.origin !== session.origin) effects.forget(message.targets)
    if (message.origin !== session.origin && delivery !== 'gap') this.#session?.acknowledge(message)
    if (delivery === 'gap') this.distrust(new RedisUnavailable('error', new Error('A bus message was missed.')))
  }
}
