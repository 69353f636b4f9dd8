import type { Network } from '../../simulation/network.ts'
import type { ProcessClock } from '../../simulation/process-clock.ts'
import { MAX_STALENESS } from '../application/entries.ts'
import type { Coverage } from '../history/coverage.ts'
import type { Entry } from '../history/record.ts'
import type { Action } from '../schedule/schedule.ts'
import type { SimulatedProcess } from './process.ts'

/** What the world's actions work on. */
export interface Surroundings {
  readonly network: Network
  readonly coverage: Coverage
  readonly process: (index: number) => SimulatedProcess
  readonly crash: (index: number) => void
  /** Another program changes a row, and deletes its entry. */
  readonly writeFrom: (entry: Entry) => void
  saved: Snapshot | undefined
  /** What the replica knows. */
  replica: { readonly data: Snapshot; readonly clock: string | undefined } | undefined
}

type Snapshot = ReturnType<Network['server']['keyspace']['snapshot']>

const CLOCK_KEY = '{torture}:clk'
const TAGS_KEY = '{torture}:tags'
const MEMBERS_KEY = '{torture}:mem'

/** Does to the network, the server and the processes what a schedule says. */
export function disturb(world: Surroundings, action: Action): void {
  const { network, coverage } = world
  const { now } = network.timeline
  switch (action.kind) {
    case 'delay':
      network.disturb(action)
      return
    case 'hold':
      network.disturb({ ...action, delay: 'held' })
      return
    case 'cut':
      for (const socket of [...network.sockets]) {
        if (socket.plan.process !== action.process || socket.plan.role !== action.role) continue
        for (const name of socket.unanswered()) coverage.count(`cut between execution and reply: ${name}`)
        socket.cut(action.late)
      }
      return
    case 'cut-after':
      network.cutAfter.set(action.process, action.script)
      return
    case 'drop':
      network.dropNext.set(action.process, action.count)
      return
    case 'damage':
      network.damageNext.set(action.process, action.what)
      return
    case 'busy':
      makeBusy(world, world.process(action.process).clock, action.every)
      return
    case 'pause':
      pause(world, action)
      return
    case 'suspend':
      world.process(action.process).clock.suspend(action.for)
      for (const socket of network.sockets) if (socket.plan.process === action.process) socket.nudge()
      coverage.count('machine suspended')
      return
    case 'hang':
      network.hungUntil = Math.max(network.hungUntil, now + action.for)
      return
    case 'restart':
      if (action.data === 'old' && world.saved !== undefined) coverage.count('restart with older data')
      network.restart(action.data === 'old' ? world.saved : undefined)
      network.downUntil = now + action.down
      return
    case 'save':
      world.saved = network.server.keyspace.snapshot()
      return
    case 'lag':
      world.replica = { data: network.server.keyspace.snapshot(), clock: network.server.keyspace.string(CLOCK_KEY) }
      return
    case 'promote':
      promote(world)
      return
    case 'evict':
      evict(world, action.what)
      return
    case 'full':
      network.server.full = true
      network.timeline.at(now + action.for, () => {
        network.server.full = false
        return false
      })
      return
    case 'forget-scripts':
      network.server.forgetScripts()
      return
    case 'foreign':
      world.writeFrom({ name: action.name, row: action.row })
      return
    case 'crash':
      world.crash(action.process)
      return
    default:
      throw new Error(`${action.kind} is not an action of the world`)
  }
}

function promote({ network, coverage, replica }: Surroundings): void {
  if (replica === undefined) return
  if (network.server.keyspace.string(CLOCK_KEY) !== replica.clock)
    coverage.count('replica promoted behind by an invalidation')
  network.restart(replica.data)
}

/** Once and for all. */
function makeBusy(world: Surroundings, clock: ProcessClock, every: number): void {
  if (clock.isBusy) return
  clock.isBusy = true
  beBusy(world, clock, every)
}

/** It runs for an instant, timers first, and is away again. */
function beBusy(world: Surroundings, clock: ProcessClock, every: number): void {
  const { network } = world
  if (clock.dead) return
  clock.timersFirst = true
  clock.pausedUntil = Math.max(clock.pausedUntil, network.timeline.now + every)
  for (const socket of network.sockets) if (socket.plan.clock === clock) socket.nudge()
  network.timeline.at(
    clock.pausedUntil,
    () => {
      beBusy(world, clock, every)
      return false
    },
    9,
  )
}

function pause({ network, coverage, process }: Surroundings, action: Extract<Action, { kind: 'pause' }>): void {
  const { clock } = process(action.process)
  const { timeline } = network
  clock.pausedUntil = Math.max(clock.pausedUntil, timeline.now + action.for)
  clock.timersFirst = action.timersFirst
  const before = clock.overdue
  for (const socket of network.sockets) if (socket.plan.process === action.process) socket.nudge()
  timeline.at(
    clock.pausedUntil,
    () => {
      if (action.for > MAX_STALENESS && clock.overdue > before)
        coverage.count('pause longer than maxStaleness with timers due')
      return false
    },
    0,
  )
}

function evict({ network, coverage }: Surroundings, what: Extract<Action, { kind: 'evict' }>['what']): void {
  const { server } = network
  const { keyspace } = server
  switch (what) {
    case 'clock':
      if (keyspace.remove(CLOCK_KEY)) coverage.count('clock evicted alone')
      return
    case 'members':
      if (keyspace.remove(MEMBERS_KEY)) coverage.count('members evicted alone')
      return
    case 'tags':
      if (keyspace.remove(TAGS_KEY)) coverage.count('tags evicted alone')
      return
    case 'frames':
      for (const key of keyspace.keys()) if (key.startsWith('torture:')) keyspace.remove(key)
      return
    default:
      server.flush()
  }
}
