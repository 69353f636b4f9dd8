import type { Clock } from '../clock.ts'
import type {
  AcquireRequest,
  Acquisition,
  Address,
  FrameHead,
  Lease,
  PendingRead,
  RemoteTier,
  StoredFrame,
  Targets,
  Undelivered,
} from '../engine/remote.ts'
import { type RedisFailure, RedisUnavailable } from '../errors.ts'
import type { ClockReading } from '../invalidation/clock-reading.ts'
import type { Link } from '../invalidation/link.ts'
import type { Random } from '../random.ts'
import { encodeWake } from './bus/bus-message.ts'
import type { FrameCall, Frames, ToldScript } from './frames.ts'
import { type UnreturnedLease, UnreturnedLeases } from './remembered/unreturned-leases.ts'
import { COMMIT, COMMIT_PUT, RELEASE, RENEW, WRITE as WRITE_FRAME } from './script/frame-scripts.ts'
import { PUT_AND_TELL, WRITE_AND_TELL } from './script/metadata-scripts.ts'
import type { Session } from './session.ts'
import type { Deliver } from './supervision.ts'
import type { Supervisor } from './supervisor.ts'

/** Where the tokens of lease and version stand in a frame. */
const TOKEN_AT = 4
const VERSION_END = 32
const NO_TOKEN = '\0'.repeat(8)

/** What the tier needs of its surroundings. */
export interface RedisTierParts {
  readonly clock: Clock
  readonly random: Random
  readonly link: Link
  readonly supervisor: Supervisor
  readonly frames: Frames
  readonly deliver: Deliver
  readonly close: () => Promise<void>
  readonly callBudget: number
  readonly leaseTime: number
  readonly wakeChannel: string
  /** One retry of a read that was not answered in half its budget. */
  readonly retryReads: boolean
}

/** Failures that come before anything is sent, or with an answer that grants nothing. */
const NOT_SENT: ReadonlySet<RedisFailure> = new Set(['shut', 'overload', 'oom', 'wrongtype'])

/** Storing a write-through, and storing what a caller asserts. */
const PUT: ToldScript = { alone: COMMIT_PUT, told: PUT_AND_TELL }
const WRITE: ToldScript = { alone: WRITE_FRAME, told: WRITE_AND_TELL }

/**
 * L2 in Redis: frames wherever they live, metadata in the current session. Every method rejects with `RedisUnavailable` when
 * what it needs is not there.
 */
export class RedisTier implements RemoteTier {
  readonly link: Link
  readonly #parts: RedisTierParts
  readonly #unreturned = new UnreturnedLeases()

  constructor(parts: RedisTierParts) {
    this.#parts = parts
    this.link = parts.link
  }

  get isOpen(): boolean {
    return this.link.isOpen
  }

  untilFirstOpen(patience: number): Promise<boolean> {
    return this.#parts.supervisor.untilFirstOpen(patience)
  }

  deadline(from = this.#parts.clock.now()): number {
    return from + this.#parts.callBudget
  }

  read(read: PendingRead): void {
    const { frames, retryReads, clock } = this.#parts
    if (!retryReads) {
      frames.read(read)
      return
    }
    const now = clock.now()
    frames.read({
      request: read.request,
      deadline: now + (read.deadline - now) / 2,
      isAnswered: false,
      resolve: (reply) => read.resolve(reply),
      reject: (error) => {
        if (error instanceof RedisUnavailable && error.reason === 'deadline') frames.read(read)
        else read.reject(error)
      },
    })
  }

  async head(address: Address, deadline: number): Promise<FrameHead | undefined> {
    const head = Buffer.from(await this.#parts.frames.head(address, deadline))
    if (head.length < VERSION_END) return undefined
    const token = head.toString('latin1', TOKEN_AT, TOKEN_AT + 8)
    return { token, isLeased: token !== NO_TOKEN, version: head.toString('latin1', VERSION_END - 8, VERSION_END) }
  }

  async acquire(address: Address, request: AcquireRequest, deadline: number): Promise<Acquisition> {
    const token = this.#parts.random.bytes(8)
    const asked: UnreturnedLease = { address, token, failed: false }
    const onLateGrant = () => this.#giveBack(asked)
    const { answer, holder } = await this.#asking(asked, () =>
      this.#parts.frames.acquire({ key: address.key, token, onLateGrant, ...request }, deadline),
    )
    switch (answer.status) {
      case 'granted':
        return { status: 'granted', lease: { token, life: holder.life, session: holder } }
      case 'wait':
        return { status: 'wait', until: holder.time.toLocal(answer.until) }
      case 'changed':
        return { status: 'changed' }
      case 'foreign':
        throw new RedisUnavailable('wrongtype', new Error(`${address.key} holds something that no cache stored there.`))
      default:
        return { status: 'late' }
    }
  }

  async commit(address: Address, lease: Lease, frame: StoredFrame): Promise<'stored' | 'rejected'> {
    // Nobody waits for it, so no call's budget bounds it: only the time that its lease surely lives.
    const deadline = this.#parts.clock.now() + this.#parts.leaseTime
    const call = { ...this.#underLease(address, lease, frame), deadline, isAwaited: false }
    return (await this.#parts.frames.run(COMMIT, address, call)) === 1 ? 'stored' : 'rejected'
  }

  async commitPut(
    address: Address,
    lease: Lease,
    frame: StoredFrame,
  ): Promise<{ verdict: 'stored' | 'rejected'; reading: ClockReading }> {
    const call = { ...this.#underLease(address, lease, frame), deadline: this.deadline() }
    const { stored, reading } = await this.#parts.frames.runAndTell(PUT, address, call)
    if (reading === undefined) throw new RedisUnavailable('protocol')
    return { verdict: stored ? 'stored' : 'rejected', reading }
  }

  release(address: Address, { token }: Lease, failed: boolean): void {
    this.#giveBack({ address, token, failed })
  }

  /** Gives back what could not be given back before: Redis is in use again. */
  returnLeases(): void {
    for (const lease of this.#unreturned.take()) this.#giveBack(lease)
  }

  async renew(address: Address, lease: Lease): Promise<boolean> {
    const { frames, leaseTime } = this.#parts
    const plan = () => ({ args: [lease.token, leaseTime] })
    return (await frames.run(RENEW, address, { plan, deadline: this.deadline(), holder: lease.session })) === 1
  }

  async write(address: Address, frameFor: (life: Uint8Array) => StoredFrame, deadline: number): Promise<ClockReading> {
    const { stored, reading } = await this.#parts.frames.runAndTell(WRITE, address, {
      deadline,
      plan: (holder) => {
        const frame = frameFor(holder.life)
        return { args: [frame.bytes, frame.px, holder.time.notAfter(deadline)], bytes: frame.bytes.length }
      },
    })
    if (!stored || reading === undefined) throw new RedisUnavailable('deadline')
    return reading
  }

  async records(members: readonly string[], deadline: number): Promise<readonly number[] | undefined> {
    return this.#session().records(members, this.link.incarnation, deadline)
  }

  async invalidate(targets: Targets): Promise<{ reading: ClockReading; left: Undelivered | undefined }> {
    const session = this.#parts.supervisor.taking
    if (session === undefined) throw new RedisUnavailable('shut')
    const { reading, left, cause } = await this.#parts.deliver(session, targets, this.deadline())
    if (reading.incarnation === this.link.incarnation)
      this.link.learn(
        targets.members,
        targets.members.map(() => reading.tagClock),
      )
    return {
      reading,
      left: left.length === 0 ? undefined : { keys: left, cause: cause ?? new RedisUnavailable('error') },
    }
  }

  distrust(cause: unknown): void {
    this.#parts.supervisor.distrust(cause)
  }

  toServer(local: number): number {
    return this.#parts.supervisor.time.toServer(local)
  }

  toLocal(server: number): number {
    return this.#parts.supervisor.time.toLocal(server)
  }

  leaseEnd({ key }: Address, server: number): number {
    return this.#parts.frames.timeOf(key).toLocal(server)
  }

  close(): Promise<void> {
    return this.#parts.close()
  }

  /**
   * Asks for a lease. Without an answer it may have been granted all the same, and others would wait it out: it is given
   * back, on the connection that it was asked for on, hence after it; or when Redis is in use again.
   */
  async #asking<T>(lease: UnreturnedLease, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      if (error instanceof RedisUnavailable && !NOT_SENT.has(error.reason)) this.#giveBack(lease)
      throw error
    }
  }

  /** Compares and deletes, so it harms nobody who holds the key by now. Nobody waits for it, so it has the time that a lease lives. */
  #giveBack(lease: UnreturnedLease): void {
    const { frames, wakeChannel, clock, leaseTime } = this.#parts
    const { address, token, failed } = lease
    const args = [token, wakeChannel, encodeWake(address.key, failed)]
    frames
      .run(RELEASE, address, { plan: () => ({ args }), deadline: clock.now() + leaseTime, isAwaited: false })
      .catch(() => this.#unreturned.add(lease))
  }

  #underLease(
    { key }: Address,
    { token, session }: Lease,
    { bytes, px }: StoredFrame,
  ): Pick<FrameCall, 'plan' | 'holder'> {
    const args = [token, bytes, px, this.#parts.wakeChannel, encodeWake(key, false)]
    return { plan: () => ({ args, bytes: bytes.length }), holder: session }
  }

  #session(): Session {
    const session = this.#parts.supervisor.current
    if (session === undefined) throw new RedisUnavailable('shut')
    return session
  }
}
