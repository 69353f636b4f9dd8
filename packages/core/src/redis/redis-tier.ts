import type { Clock } from '../clock.ts'
import type {
  AcquireRequest,
  Acquisition,
  Address,
  Lease,
  RemoteReply,
  RemoteTier,
  StoredFrame,
  Targets,
} from '../engine/remote.ts'
import { RedisUnavailable } from '../errors.ts'
import type { Link } from '../invalidation/link.ts'
import type { Random } from '../random.ts'
import { encodeWake } from './bus-message.ts'
import { Lanes } from './lanes.ts'
import { COMMIT, COMMIT_PUT, RELEASE, RENEW, WRITE } from './script/frame-scripts.ts'
import { runScript, type Script } from './script/script.ts'
import type { Session } from './session.ts'
import type { Supervisor } from './supervisor.ts'
import { Suspects } from './suspects.ts'

/** What the tier needs of its surroundings. */
export interface RedisTierParts {
  readonly clock: Clock
  readonly random: Random
  readonly link: Link
  readonly supervisor: Supervisor
  readonly callBudget: number
  readonly leaseTime: number
  readonly wakeChannel: string
  readonly clockKey: string
  /** One retry of a read that was not answered in half its budget. */
  readonly retryReads: boolean
}

interface CommitRequest {
  readonly lease: Lease
  readonly frame: StoredFrame
  readonly deadline: number
  readonly isAwaited: boolean
}

/** L2 on one Redis node: every method works on the current session and rejects with `RedisUnavailable` when there is none. */
export class RedisTier implements RemoteTier {
  readonly link: Link
  readonly #parts: RedisTierParts
  readonly #lanes = new WeakMap<Session, Lanes>()
  readonly #suspects = new Suspects()

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

  deadline(): number {
    return this.#parts.clock.now() + this.#parts.callBudget
  }

  read(address: Address, deadline: number): Promise<RemoteReply> {
    const session = this.#parts.supervisor.current
    if (session === undefined) return Promise.reject(new RedisUnavailable('shut'))
    const lanes = this.#lanesOf(session)
    return this.#parts.retryReads ? this.#readTwice(lanes, address, deadline) : lanes.read(address, deadline)
  }

  async #readTwice(lanes: Lanes, address: Address, deadline: number): Promise<RemoteReply> {
    const now = this.#parts.clock.now()
    try {
      return await lanes.read(address, now + (deadline - now) / 2)
    } catch (error) {
      if (!(error instanceof RedisUnavailable) || error.reason !== 'deadline') throw error
      return lanes.read(address, deadline)
    }
  }

  async acquire(address: Address, request: AcquireRequest, deadline: number): Promise<Acquisition> {
    const session = this.#session()
    const token = this.#parts.random.bytes(8)
    const answer = await this.#lanesOf(session).acquire({ key: address.key, token, ...request }, deadline)
    switch (answer.status) {
      case 'granted':
        return { status: 'granted', lease: { token, life: session.life, session } }
      case 'wait':
        return { status: 'wait', until: this.toLocal(answer.until) }
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
    return this.#commit(COMMIT, address, { lease, frame, deadline, isAwaited: false })
  }

  async commitPut(address: Address, lease: Lease, frame: StoredFrame): Promise<'stored' | 'rejected'> {
    const session = this.#sessionOf(lease)
    const verdict = await this.#commit(COMMIT_PUT, address, {
      lease,
      frame,
      deadline: this.deadline(),
      isAwaited: true,
    })
    await session.bump({ keys: [address], members: [] }, this.deadline(), false)
    return verdict
  }

  release(address: Address, lease: Lease, failed: boolean): void {
    const session = this.#parts.supervisor.current
    if (session === undefined || session !== lease.session) return
    const args = [lease.token, this.#parts.wakeChannel, encodeWake(address.key, failed)]
    runScript(session.data, RELEASE, { keys: [address.key], args, deadline: this.deadline() }).catch(() => {})
  }

  async renew(address: Address, lease: Lease): Promise<boolean> {
    const session = this.#sessionOf(lease)
    const args = [lease.token, this.#parts.leaseTime]
    return Number(await runScript(session.data, RENEW, { keys: [address.key], args, deadline: this.deadline() })) === 1
  }

  async write(address: Address, frameFor: (life: Uint8Array) => StoredFrame, deadline: number): Promise<void> {
    const session = this.#session()
    const frame = frameFor(session.life)
    const args = [frame.bytes, frame.px, this.#parts.supervisor.time.notAfter(deadline)]
    const lane = this.#lanesOf(session).laneFor(address.label, frame.bytes.length)
    const written = await runScript(lane, WRITE, { keys: [address.key], args, deadline })
    if (Number(written) !== 1) throw new RedisUnavailable('deadline')
    await session.bump({ keys: [address], members: [] }, deadline, false)
  }

  async records(members: readonly string[], deadline: number): Promise<readonly number[] | undefined> {
    return this.#session().records(members, this.link.incarnation, deadline)
  }

  async invalidate(targets: Targets): Promise<void> {
    const session = this.#session()
    const { tagClock, incarnation } = await session.bump(targets, this.deadline())
    if (incarnation === this.link.incarnation)
      this.link.learn(
        targets.members,
        targets.members.map(() => tagClock),
      )
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

  close(): Promise<void> {
    return this.#parts.supervisor.close()
  }

  async #commit(
    script: Script,
    address: Address,
    { lease, frame, deadline, isAwaited }: CommitRequest,
  ): Promise<'stored' | 'rejected'> {
    const session = this.#sessionOf(lease)
    const args = [lease.token, frame.bytes, frame.px, this.#parts.wakeChannel, encodeWake(address.key, false)]
    const lane = this.#lanesOf(session).laneFor(address.label, frame.bytes.length)
    const stored = await runScript(lane, script, { keys: [address.key], args, deadline, isAwaited })
    return Number(stored) === 1 ? 'stored' : 'rejected'
  }

  #session(): Session {
    const session = this.#parts.supervisor.current
    if (session === undefined || !this.link.isOpen) throw new RedisUnavailable('shut')
    return session
  }

  /** A lease is worth something only in the session that granted it: another may be another server life. */
  #sessionOf(lease: Lease): Session {
    const session = this.#session()
    if (session !== lease.session) throw new RedisUnavailable('shut')
    return session
  }

  #lanesOf(session: Session): Lanes {
    const known = this.#lanes.get(session)
    if (known !== undefined) return known
    const { clock, leaseTime, clockKey, supervisor } = this.#parts
    const lanes = new Lanes(session, { clock, leaseTime, clockKey, time: supervisor.time, suspects: this.#suspects })
    this.#lanes.set(session, lanes)
    return lanes
  }
}
