import type { ConnectionChoice, FaultProxy, ProxiedConnection } from '@granary/testing'
import type { Place } from '../../simulation/network.ts'
import { MAX_STALENESS } from '../application/entries.ts'
import { keyIn } from '../application/granary.ts'
import type { Coverage } from '../history/coverage.ts'
import type { Entry } from '../history/record.ts'
import type { Action } from '../schedule/schedule.ts'
import { attempt } from './servers/servers.ts'
import type { Site } from './site.ts'

/** What the world's actions work on. */
export interface RealWorld {
  readonly site: Site
  readonly namespace: string
  readonly coverage: Coverage
  readonly crash: (index: number) => Promise<void>
  /** Another program changes a row, and deletes its entry. */
  readonly writeFrom: (entry: Entry) => Promise<void>
}

type Of<K extends Action['kind']> = Extract<Action, { kind: K }>

/** Does to the wire, the server and the processes what a schedule says; resolves when it is done, not when it is over. */
export async function disturb(world: RealWorld, action: Action): Promise<void> {
  const { site, coverage } = world
  switch (action.kind) {
    case 'delay':
    case 'hold':
      return slow(world, action)
    case 'cut':
      return cut(world, action)
    case 'cut-after':
      return cutAfter(world, action)
    case 'drop':
      coverage.count('messages lost')
      for (const proxy of site.proxiesOf(action.process))
        await proxy.inject({ kind: 'lose', messages: action.count, direction: 'down', until: { ms: 2_000 } })
      return
    case 'pause':
    // Nobody here can suspend a machine: a process that is stopped comes nearest.
    case 'suspend':
      return pause(world, action)
    case 'hang':
      coverage.count('server stopped (SIGSTOP)')
      return site.servers.hang(action.for)
    case 'restart':
      coverage.count(action.data === 'old' ? 'server killed, back with older data' : 'server killed, back empty')
      return site.servers.restart(action.data, action.down)
    case 'save':
      return site.everywhere('SAVE')
    case 'lag':
      return site.servers.lag()
    case 'promote':
      coverage.count('replica promoted behind by an invalidation')
      return site.servers.promote()
    case 'depose':
      coverage.count('master stopped until it was replaced')
      return site.servers.depose(action.wakes)
    case 'hand-over':
      coverage.count('master replaced while it was well')
      return site.servers.handOver()
    case 'evict':
      return evict(world, action.what)
    case 'full':
      coverage.count('memory full')
      await site.everywhere('CONFIG', 'SET', 'maxmemory', '1')
      later(action.for, () => site.everywhere('CONFIG', 'SET', 'maxmemory', '0').catch(() => {}))
      return
    case 'forget-scripts':
      return site.everywhere('SCRIPT', 'FLUSH')
    case 'move-slot':
      coverage.count('slot moved')
      return site.servers.moveSlot(keyIn(world.namespace, action))
    case 'foreign':
      return world.writeFrom({ name: action.name, row: action.row })
    case 'crash':
      coverage.count('process killed (SIGKILL)')
      return world.crash(action.process)
    default:
      throw new Error(`${action.kind} is not an action of the world`)
  }
}

async function slow(world: RealWorld, action: Of<'delay' | 'hold'>): Promise<void> {
  const { process, role, direction } = action
  if (action.kind === 'hold' && direction !== undefined) world.coverage.count('one-way partition')
  else world.coverage.count(action.kind === 'hold' ? 'partition' : `slow ${role ?? 'connection'}`)
  const plan = action.kind === 'hold' ? ({ kind: 'hang' } as const) : ({ kind: 'delay', ms: action.delay } as const)
  const until = { ms: Math.ceil(action.for) }
  for (const proxy of world.site.proxiesOf(process))
    await proxy.inject({
      ...plan,
      until,
      ...(direction === undefined ? {} : { direction }),
      ...(role === undefined ? {} : { connections: connectionsOf(proxy, role) }),
    })
}

/**
 * `lost`: a reset, and nothing on the way arrives. A number: what the process sends is held so long, the process hears that
 * the connection ended, and Redis gets it afterwards.
 */
async function cut(world: RealWorld, { process, role, late }: Of<'cut'>): Promise<void> {
  world.coverage.count(role === 'subscriber' ? 'subscriber killed' : 'connection reset')
  for (const proxy of world.site.proxiesOf(process)) {
    const connections = connectionsOf(proxy, role)
    if (late === 'lost') proxy.drop(connections)
    else await proxy.inject({ kind: 'cut', afterBytes: 0, direction: 'down', connections, until: { ms: 30 } })
  }
}

/** The next reply on a data connection does not arrive, and neither does anything after it. */
async function cutAfter(world: RealWorld, { process }: Of<'cut-after'>): Promise<void> {
  await Promise.all(world.site.proxiesOf(process).map((proxy) => cutReplyOn(world, proxy)))
}

async function cutReplyOn(world: RealWorld, proxy: FaultProxy): Promise<void> {
  const open = proxy.connections.map(({ index }) => index)
  const fault = await proxy.inject({
    kind: 'cut',
    afterBytes: 0,
    direction: 'down',
    connections: (connection) => open.includes(connection.index) && connection.sent('EVALSHA'),
    until: { ms: 300 },
  })
  void fault.ended.then(() => {
    const left = new Set(proxy.connections.map(({ index }) => index))
    if (open.some((index) => !left.has(index))) world.coverage.count('cut between execution and reply')
  })
}

function pause({ site, coverage }: RealWorld, { process, for: time }: Of<'pause' | 'suspend'>): void {
  const worker = site.workers[process]
  if (worker === undefined) return
  coverage.count(time > MAX_STALENESS ? 'SIGSTOP longer than maxStaleness' : 'SIGSTOP')
  worker.pause()
  later(time, () => worker.resume())
}

async function evict({ site, namespace, coverage }: RealWorld, what: Of<'evict'>['what']): Promise<void> {
  if (what === 'everything') {
    coverage.count('FLUSHALL')
    await site.everywhere('FLUSHALL')
  } else if (what === 'frames') {
    for (const server of await site.servers.masters()) {
      const keys = ((await attempt(server, 'KEYS', '*')) as string[] | undefined) ?? []
      for (const key of keys) if (!key.startsWith('{')) await attempt(server, 'DEL', key)
    }
  } else {
    const key = `{${namespace}}:${METADATA[what]}`
    if ((await site.onKey(key, 'DEL', key)) === 1) coverage.count(`${what} evicted alone`)
  }
}

const METADATA = { clock: 'clk', tags: 'tags', members: 'mem' } as const

const listens = (connection: ProxiedConnection) =>
  ['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE'].some((command) => connection.sent(command))

/** The bulk connection is the second that does not listen. */
function connectionsOf(proxy: FaultProxy, role: NonNullable<Place['role']>): ConnectionChoice {
  if (role === 'subscriber') return listens
  const bulk = proxy.connections
    .filter((connection) => !listens(connection))
    .toSorted((a, b) => a.index - b.index)[1]?.index
  return role === 'bulk'
    ? (connection) => connection.index === bulk
    : (connection) => connection.index !== bulk && !listens(connection)
}

function later(ms: number, run: () => unknown): void {
  setTimeout(run, ms)
}
