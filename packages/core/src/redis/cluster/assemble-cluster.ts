import { RedisUnavailable } from '../../errors.ts'
import type { ClusterPlan, NodeAddress } from '../../options/redis-client.ts'
import { type Assembly, type Surroundings, sessionOf, supervisionOf } from '../assembly.ts'
import type { Connection } from '../connection/connection.ts'
import type { SessionOptions } from '../session.ts'
import type { Deliver } from '../supervision.ts'
import { Supervisor } from '../supervisor.ts'
import { ClusterFrames } from './cluster-frames.ts'
import { deliverBySlot } from './deliver.ts'
import { Masters } from './masters.ts'
import { epochIn } from './place.ts'
import { Redelivery } from './redelivery.ts'
import { slotOf } from './slot.ts'

/** A cluster: the session with the master of the clock's slot (metadata, bus), and a connection set for each master (frames). */
export function assembleCluster(surroundings: Surroundings, plan: ClusterPlan): Assembly {
  return new ClusterAssembly(surroundings, plan)
}

/**
 * The clock's life is the highest epoch that any node told, and the life of the clock's master: whichever master fails over, the
 * namespace begins a new incarnation before anything that the new master holds is trusted.
 */
class ClusterAssembly implements Assembly {
  readonly supervisor: Supervisor
  readonly frames: ClusterFrames
  readonly deliver: Deliver
  readonly #surroundings: Surroundings
  readonly #plan: ClusterPlan
  readonly #masters: Masters
  readonly #redelivery: Redelivery
  /** The epoch that the clock was last told. */
  #toldEpoch = 0
  /** The epoch as the clock's master had it when the map of slots was last known to be as new. */
  #mappedEpoch = 0
  #home: NodeAddress | undefined

  constructor(surroundings: Surroundings, plan: ClusterPlan) {
    const { engine, options, patience, effects } = surroundings
    const { clock, queue } = engine
    this.#surroundings = surroundings
    this.#plan = plan
    this.#masters = this.#connectMasters()
    this.deliver = deliverBySlot(
      clock,
      () => this.frames,
      () => this.#redelivery,
    )
    const supervisor = new Supervisor({
      ...supervisionOf(surroundings),
      effects: {
        ...effects,
        opened: (session) => {
          effects.opened(session)
          this.#renewAfter(this.#masters.epoch)
          if (queue.size > 0) this.#redelivery.soon()
        },
      },
      deliver: this.deliver,
      holdsKeys: true,
      session: this.#homeSession(),
    })
    this.supervisor = supervisor
    this.frames = new ClusterFrames({ clock, masters: this.#masters, supervisor, queue, leaseTime: options.leaseTime })
    this.#redelivery = new Redelivery({ clock, queue, supervisor, deliver: this.deliver, patience })
  }

  readonly close = async (): Promise<void> => {
    this.#redelivery.close()
    this.#masters.close()
    await this.supervisor.close()
  }

  #connectMasters(): Masters {
    const { engine, options, patience, effects } = this.#surroundings
    const { maxStaleness, silence } = supervisionOf(this.#surroundings)
    const { clock, random, telemetry } = engine
    const isTracked = engine.settings.coherence === 'tracking'
    return new Masters({
      clock,
      random,
      plan: this.#plan,
      makeNode: (address, role) => this.#makeNode(address, role),
      patience,
      slow: options.callBudget / 2,
      heartbeat: maxStaleness / 3,
      silence,
      pushed: isTracked ? effects.pushed : undefined,
      onEpoch: (epoch) => this.#renewAfter(epoch),
      onOpen: () => void this.#redelivery.now(),
      onMoved: (slots) => isTracked && effects.untracked((key) => slots.has(slotOf(key))),
      onLost: (node, cause) =>
        telemetry.emit({ type: 'shard-lost', node, reason: cause.reason, cause: cause.cause ?? cause }),
      onWhole: (downFor) => telemetry.emit({ type: 'shards-recovered', downFor }),
    })
  }

  /** The session with whoever serves the clock's slot at the moment: asked for anew whenever one is opened. */
  #homeSession(): Omit<SessionOptions, 'onMessage'> {
    const { metadata } = this.#surroundings
    return {
      ...sessionOf(this.#surroundings),
      bulk: false,
      // Frames are read elsewhere, and of the clock the bus tells.
      tracking: false,
      ...(this.#surroundings.engine.settings.coherence === 'tracking' && {
        witness: (data, deadline) => this.#confirm(data, deadline),
      }),
      makeClient: async (role) => {
        if (role === 'data' || this.#home === undefined)
          this.#home = await this.#masters.addressOf(slotOf(metadata.clock))
        return this.#makeNode(this.#home, role)
      },
      clockLife: (data) => this.#clockLife(data),
    }
  }

  /**
   * Memory is proven when every master has told what was written, and when the masters are those who serve its slots: a master
   * that was deposed behind our back has nothing to tell, and the epoch of the clock's master says so.
   */
  async #confirm(data: Connection, deadline: number): Promise<void> {
    const epoch = epochIn(await data.call('cluster', ['info'], deadline))
    if (epoch !== this.#mappedEpoch) await this.#masters.refreshFrom(this.#home as NodeAddress, data, deadline)
    this.#mappedEpoch = epoch
    await this.#masters.confirm(deadline)
  }

  async #clockLife(data: Connection): Promise<string> {
    const { engine, patience } = this.#surroundings
    await this.#masters.untilTried(patience)
    this.#masters.raise(epochIn(await data.call('cluster', ['info'], engine.clock.now() + patience)))
    this.#toldEpoch = this.#masters.epoch
    return this.#toldEpoch.toString(16).padStart(16, '0') + Buffer.from(data.life).toString('hex')
  }

  #renewAfter(epoch: number): void {
    if (epoch > this.#toldEpoch)
      this.supervisor.distrust(new RedisUnavailable('moved', new Error('A master has taken over.')))
  }

  #makeNode(address: NodeAddress, role: string): ReturnType<ClusterPlan['makeNode']> {
    const { namespace, patience } = this.#surroundings
    return this.#plan.makeNode(address, { connectTimeout: patience, connectionName: `granary:${namespace}:${role}` })
  }
}
