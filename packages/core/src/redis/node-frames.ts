import type { Clock } from '../clock.ts'
import type { Address, PendingRead } from '../engine/remote.ts'
import { RedisUnavailable } from '../errors.ts'
import { wholeIn } from './connection/answers.ts'
import type { ServerTime } from './connection/server-time.ts'
import type { FrameCall, Frames, Holder, LeaseAnswer, LeaseRequest, Told, ToldScript } from './frames.ts'
import { Lanes } from './lanes.ts'
import { Suspects } from './remembered/suspects.ts'
import { runScript, type Script } from './script/script.ts'
import type { Supervisor } from './supervisor.ts'

/** What the frames of one node need. */
export interface NodeFramesParts {
  readonly clock: Clock
  readonly supervisor: Supervisor
  readonly leaseTime: number
  readonly clockKey: string
}

/** All frames on the one node that also keeps the namespace's metadata: its session is the only holder. */
export class NodeFrames implements Frames {
  readonly #parts: NodeFramesParts
  #lanes: Lanes | undefined
  readonly #suspects = new Suspects()

  constructor(parts: NodeFramesParts) {
    this.#parts = parts
  }

  read(read: PendingRead): void {
    const lanes = this.#current()
    if (lanes === undefined) read.reject(new RedisUnavailable('shut'))
    else lanes.read(read)
  }

  async head({ key }: Address, deadline: number): Promise<Uint8Array> {
    const lanes = this.#current()
    if (lanes === undefined) throw new RedisUnavailable('shut')
    return lanes.head(key, deadline)
  }

  async acquire(request: LeaseRequest, deadline: number): Promise<{ answer: LeaseAnswer; holder: Holder }> {
    const lanes = this.#current()
    if (lanes === undefined) throw new RedisUnavailable('shut')
    return { answer: await lanes.acquire(request, deadline), holder: lanes }
  }

  async run(script: Script, address: Address, call: FrameCall): Promise<number> {
    const { lane, args } = this.#plan(address, call)
    const { deadline, isAwaited = true } = call
    return runScript(lane, script, { keys: [address.key], args, deadline, isAwaited }, wholeIn)
  }

  async runAndTell({ told, alone }: ToldScript, address: Address, call: FrameCall): Promise<Told> {
    const { current } = this.#parts.supervisor
    if (current?.isMember) {
      const stored = (await this.run(alone, address, call)) === 1
      return { stored, reading: await current.bump({ keys: [address], members: [] }, call.deadline, false) }
    }
    const { lane, args, session } = this.#plan(address, call)
    return session.runAndTell(told, address, { connection: lane, args, deadline: call.deadline })
  }

  timeOf(): ServerTime {
    return this.#parts.supervisor.time
  }

  #plan({ label }: Address, { plan, holder }: FrameCall) {
    const { current: session } = this.#parts.supervisor
    const lanes = this.#current()
    if (session === undefined || lanes === undefined || (holder !== undefined && holder !== lanes))
      throw new RedisUnavailable('shut')
    const { args, bytes = 0 } = plan(lanes)
    return { session, args, lane: bytes === 0 ? lanes.small : lanes.laneFor(label, bytes) }
  }

  #current(): Lanes | undefined {
    const { clock, leaseTime, clockKey, supervisor } = this.#parts
    const session = supervisor.current
    if (session === undefined) return undefined
    if (this.#lanes?.session !== session)
      this.#lanes = new Lanes(session, { clock, leaseTime, clockKey, time: supervisor.time, suspects: this.#suspects })
    return this.#lanes
  }
}
