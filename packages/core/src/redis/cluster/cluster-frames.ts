import type { Clock } from '../../clock.ts'
import type { Address, PendingRead, RemoteReply } from '../../engine/remote.ts'
import { RedisUnavailable } from '../../errors.ts'
import type { OutboundQueue } from '../../invalidation/outbound-queue.ts'
import { bytesIn, listIn, wholeIn } from '../connection/answers.ts'
import type { ServerTime } from '../connection/server-time.ts'
import type { FrameCall, Frames, Holder, LeaseAnswer, LeaseRequest, Told, ToldScript } from '../frames.ts'
import { Suspects } from '../remembered/suspects.ts'
import { askForLeases } from '../script/leases.ts'
import { runScript, type Script } from '../script/script.ts'
import type { Session } from '../session.ts'
import { HEADER_BYTES, headIn, LARGE, LARGEST_FRAME, LargeNames, readable, unlessWrongType } from '../sizes.ts'
import type { Supervisor } from '../supervisor.ts'
import { ClockReads } from './clock-reads.ts'
import { type Ask, dispatch } from './dispatch.ts'
import type { Masters } from './masters.ts'
import type { Place } from './place.ts'
import { slotOf } from './slot.ts'

/** What the frames of a cluster need. */
export interface ClusterFramesParts {
  readonly clock: Clock
  readonly masters: Masters
  readonly supervisor: Supervisor
  readonly queue: OutboundQueue
  readonly leaseTime: number
}

/**
 * Frames spread over the masters of a cluster, each judged by the life of the node that answered. One command for each key,
 * because a key's slot is its own: commands of one tick to one node share the way there, not the command.
 *
 * A key whose invalidation waits in the queue is not read and not leased: what its master holds may be the old value.
 */
export class ClusterFrames implements Frames {
  readonly #parts: ClusterFramesParts
  readonly #clock: ClockReads
  readonly #suspects = new Suspects()
  readonly #large = new LargeNames()

  constructor(parts: ClusterFramesParts) {
    this.#parts = parts
    this.#clock = new ClockReads(parts.clock, () => parts.supervisor.current)
  }

  read(read: PendingRead): void {
    this.#read(read.request, read.deadline).then(
      (reply) => read.resolve(reply),
      (error) => read.reject(error),
    )
  }

  async #read(address: Address, deadline: number): Promise<RemoteReply> {
    if (!this.#mayUse(address.key)) throw new RedisUnavailable('shut')
    const clockRead = this.#clock.next(deadline)
    clockRead.catch(() => {})
    const { reply, place } = await dispatch(this.#parts, {
      key: address.key,
      deadline,
      send: (at, ask) => this.#readFrom(at, ask, address, deadline),
    })
    return { ...reply, exchange: { life: place.life, ...(await clockRead) } }
  }

  async head({ key }: Address, deadline: number): Promise<Uint8Array> {
    if (!this.#mayUse(key)) throw new RedisUnavailable('shut')
    const { reply } = await dispatch(this.#parts, {
      key,
      deadline,
      send: ({ data }, ask) => ask(data).call('getrange', [key, 0, HEADER_BYTES - 1], deadline, { read: headIn }),
    })
    return reply
  }

  async acquire(request: LeaseRequest, deadline: number): Promise<{ answer: LeaseAnswer; holder: Holder }> {
    if (!this.#mayUse(request.key)) throw new RedisUnavailable('shut')
    const { clock, leaseTime } = this.#parts
    const { reply, place } = await dispatch(this.#parts, {
      key: request.key,
      deadline,
      send: ({ data, time }, ask) => askForLeases(ask(data), [request], { clock, time, leaseTime, deadline }),
    })
    return { answer: reply[0] as LeaseAnswer, holder: place }
  }

  async run(
    script: Script,
    { key, label }: Address,
    { plan, deadline, isAwaited = true, holder }: FrameCall,
  ): Promise<number> {
    if (!this.#mayUse(key)) throw new RedisUnavailable('shut')
    const { reply } = await dispatch(this.#parts, {
      key,
      deadline,
      holder: holder as Place | undefined,
      send: (place, ask) => {
        const { args, bytes = 0 } = plan(place)
        if (bytes > LARGE) this.#large.add(label)
        const lane = bytes > 0 && this.#large.has(label) ? place.bulk : place.data
        return runScript(ask(lane), script, { keys: [key], args, deadline, isAwaited }, wholeIn)
      },
    })
    return reply
  }

  /** Two round trips: the frame's master first, and then the clock's, so that no memory is filled from what was there before. */
  async runAndTell({ alone }: ToldScript, address: Address, call: FrameCall): Promise<Told> {
    const session = this.#parts.supervisor.current
    const stored = (await this.run(alone, address, call)) === 1
    if (session === undefined) throw new RedisUnavailable('shut')
    return { stored, reading: await session.bump({ keys: [address], members: [] }, call.deadline, false) }
  }

  /** Deletes frames, each at its master; answers those of which it is not known that they are gone. */
  async drop(addresses: readonly Address[], deadline: number): Promise<readonly Address[]> {
    const dropped = await Promise.all(
      addresses.map(({ key }) =>
        dispatch(this.#parts, { key, deadline, send: ({ data }, ask) => ask(data).call('del', [key], deadline) }).then(
          () => true,
          () => false,
        ),
      ),
    )
    return addresses.filter((_, at) => dropped[at] === false)
  }

  timeOf(key: string): ServerTime {
    const { masters, supervisor } = this.#parts
    return masters.ownerOf(slotOf(key))?.place?.time ?? supervisor.time
  }

  #mayUse(key: string): boolean {
    const { supervisor, queue } = this.#parts
    const session: Session | undefined = supervisor.current
    return session !== undefined && !queue.holds(key)
  }

  async #readFrom(
    place: Place,
    ask: Ask,
    address: Address,
    deadline: number,
  ): Promise<Pick<RemoteReply, 'bytes' | 'size'>> {
    const { key, label } = address
    const isSuspect = this.#suspects.has(key)
    const lane = ask(isSuspect || this.#large.has(label) ? place.bulk : place.data)
    if (isSuspect) {
      const [size, head] = await Promise.all([
        lane.call('strlen', [key], deadline).catch(unlessWrongType),
        lane.call('getrange', [key, 0, HEADER_BYTES - 1], deadline).catch(unlessWrongType),
      ])
      if (Number(size ?? 0) > LARGEST_FRAME) return { bytes: head as Uint8Array, size: Number(size) }
    }
    // MGET passes over what is no string, where GET fails.
    const value = await this.#suspects.watch(
      [address],
      lane.call('mget', [key], deadline, { read: (reply) => bytesIn(listIn(reply, 1)[0]) }),
    )
    this.#suspects.clear(key)
    const size = value?.length ?? 0
    if (size > LARGE) this.#large.add(label)
    return { bytes: readable(value), size }
  }
}
