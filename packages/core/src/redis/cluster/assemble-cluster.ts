import { RedisUnavailable } from '../../errors.ts'
import type { ClusterPlan, NodeAddress } from '../../options/redis-client.ts'
import { type Assembly, type Surroundings, sessionOf, supervisionOf } from '../assembly.ts'
import type { Connection } from '../connection/connection.ts'
import { Supervisor } from '../supervisor.ts'
import { ClusterFrames } from './cluster-frames.ts'
import { deliverBySlot } from './deliver.ts'
import { Masters } from './masters.ts'
import { epochIn } from './place.ts'
import { Redelivery } from './redelivery.ts'
import { slotOf } from './slot.ts'

/**
 * A cluster: the session with the master of the clock's slot (metadata, bus), and a connection set for each master (frames).
 *
 * The clock's life is the highest epoch that any node told, and the life of the clock's master: whichever master fails over, the
 * namespace begins a new incarnation before anything that the new master holds is trusted.
 */
export function assembleCluster(surroundings: Surroundings, plan: ClusterPlan): Assembly {
  const { engine, namespace, options, metadata, patience, effects } = surroundings
  const { clock, random, queue, telemetry } = engine
  const supervision = supervisionOf(surroundings)
  const makeNode = (address: NodeAddress, role: string) =>
    plan.makeNode(address, { connectTimeout: patience, connectionName: `granary:${namespace}:${role}` })
  let knownEpoch = 0
  const renewAfter = (epoch: number) => {
    if (epoch > knownEpoch) supervisor.distrust(new RedisUnavailable('moved', new Error('A master has taken over.')))
  }
  const masters: Masters = new Masters({
    clock,
    random,
    plan,
    makeNode,
    patience,
    slow: options.callBudget / 2,
    heartbeat: supervision.maxStaleness / 3,
    silence: supervision.silence,
    onEpoch: (epoch) => renewAfter(epoch),
    onOpen: () => void redelivery.now(),
    onLost: (node, cause) =>
      telemetry.emit({ type: 'shard-lost', node, reason: cause.reason, cause: cause.cause ?? cause }),
    onWhole: (downFor) => telemetry.emit({ type: 'shards-recovered', downFor }),
  })
  const deliver = deliverBySlot(
    clock,
    () => frames,
    () => redelivery,
  )
  let home: NodeAddress | undefined
  const supervisor: Supervisor = new Supervisor({
    ...supervision,
    effects: {
      ...effects,
      opened: (session) => {
        effects.opened(session)
        renewAfter(masters.epoch)
      },
    },
    deliver,
    session: {
      ...sessionOf(surroundings),
      bulk: false,
      makeClient: async (role) => {
        if (role === 'data' || home === undefined) home = await masters.addressOf(slotOf(metadata.clock))
        return makeNode(home, role)
      },
      clockLife: async (data: Connection) => {
        await masters.untilTried(patience)
        masters.raise(epochIn(await data.call('cluster', ['info'], clock.now() + patience)))
        knownEpoch = masters.epoch
        return knownEpoch.toString(16).padStart(16, '0') + Buffer.from(data.life).toString('hex')
      },
    },
  })
  const frames: ClusterFrames = new ClusterFrames({ clock, masters, supervisor, queue, leaseTime: options.leaseTime })
  const redelivery: Redelivery = new Redelivery({ clock, queue, supervisor, deliver, patience })
  return {
    supervisor,
    frames,
    deliver,
    close: async () => {
      redelivery.close()
      masters.close()
      await supervisor.close()
    },
  }
}
