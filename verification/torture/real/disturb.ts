import type { ConnectionChoice, FaultProxy, ProxiedConnection } from '@granary/testing'
import type { Place } from '../../simulation/network.ts'
import { MAX_STALENESS } from '../application/entries.ts'
import type { Coverage } from '../history/coverage.ts'
import type { Entry } from '../history/record.ts'
import type { Action } from '../schedule/schedule.ts'
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
      await proxyOf(world, action.process)?.inject({
        kind: 'lose',
        messages: action.count,
        direction: 'down',
        until: { ms: 2_000 },
      })
      return
    case 'pause':
      return pause(world, action)
    case 'hang':
      coverage.count('server stopped (SIGSTOP)')
      await site.server.pause()
      later(action.for, () => site.server.resume())
      return
    case 'restart':
      coverage.count(action.data === 'old' ? 'server killed, back with older data' : 'server killed, back empty')
      return site.restart(action.data, action.down)
    case 'save':
      await site.command('SAVE')
      return
    case 'lag':
      return site.lag()
    case 'promote':
      coverage.count('replica promoted behind by an invalidation')
      return site.promote()
    case 'evict':
      return evict(world, action.what)
    case 'full':
      coverage.count('memory full')
      await site.command('CONFIG', 'SET', 'maxmemory', '1')
      later(action.for, () => site.command('CONFIG', 'SET', 'maxmemory', '0'))
      return
    case 'forget-scripts':
      await site.command('SCRIPT', 'FLUSH')
      return
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
  const proxies = process === undefined ? world.site.proxies : [proxyOf(world, process)]
  if (action.kind === 'hold' && direction !== undefined) world.coverage.count('one-way partition')
  else world.coverage.count(action.kind === 'hold' ? 'partition' : `slow ${role ?? 'connection'}`)
  const plan = action.kind === 'hold' ? ({ kind: 'hang' } as const) : ({ kind: 'delay', ms: action.delay } as const)
  const until = { ms: Math.ceil(action.for) }
  for (const proxy of proxies)
    await proxy?.inject({
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
  const proxy = proxyOf(world, process)
  if (proxy === undefined) return
  const connections = connectionsOf(proxy, role)
  world.coverage.count(role === 'subscriber' ? 'subscriber killed' : 'connection reset')
  if (late === 'lost') proxy.drop(connections)
  else await proxy.inject({ kind: 'cut', afterBytes: 0, direction: 'down', connections, until: { ms: 30 } })
}

/** The next reply on a data connection does not arrive, and neither does anything after it. */
async function cutAfter(world: RealWorld, { process }: Of<'cut-after'>): Promise<void> {
  const proxy = proxyOf(world, process)
  if (proxy === undefined) return
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

function pause({ site, coverage }: RealWorld, { process, for: time }: Of<'pause'>): void {
  const worker = site.workers[process]
  if (worker === undefined) return
  coverage.count(time > MAX_STALENESS ? 'SIGSTOP longer than maxStaleness' : 'SIGSTOP')
  worker.pause()
  later(time, () => worker.resume())
}

async function evict({ site, namespace, coverage }: RealWorld, what: Of<'evict'>['what']): Promise<void> {
  if (what === 'everything') {
    coverage.count('FLUSHALL')
    await site.command('FLUSHALL')
  } else if (what === 'frames') {
    const keys = (await site.command('KEYS', '*')) as string[] | undefined
    const frames = keys?.filter((key) => !key.startsWith('{')) ?? []
    if (frames.length > 0) await site.command('DEL', ...frames)
  } else if ((await site.command('DEL', `{${namespace}}:${what}`)) === 1) {
    coverage.count(what === 'clk' ? 'clock evicted alone' : 'tags evicted alone')
  }
}

function proxyOf({ site }: RealWorld, process: number): FaultProxy | undefined {
  return site.proxies[process]
}

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
