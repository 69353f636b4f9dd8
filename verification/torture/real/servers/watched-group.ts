import { type FaultProxy, type RedisServer, type SentinelGroup, startSentinel } from '@granary/testing'
import { pause } from '../pause.ts'
import { type Group, hasCaughtUp } from './replicated-servers.ts'
import { attempt, natMapOf, type RedisWay, type Target } from './servers.ts'

/** After so many milliseconds of silence a master is replaced: longer than a server is stopped that is to stay. */
const DOWN_AFTER = 2_000

/**
 * Sentinels of their own accord demote a deposed master that is back after eight seconds; here after a good one, so that
 * schedules see it. And a machine that lets them wait does not make them stop deciding.
 */
const HURRY = ['PUBLISH-PERIOD', '300', 'INFO-PERIOD', '500', 'TILT-TRIGGER', '20000']

/** A port that nobody listens on. */
const NOWHERE = ['127.0.0.1', '1']

/** How long a master that is well may take to be replaced. */
const TAKEOVER = 10_000

/** A master, two replicas, and three sentinels that watch them. */
export class WatchedGroup implements Group {
  readonly #group: SentinelGroup
  /** Whom all sentinels named when they last agreed. */
  #agreed: string | undefined

  private constructor(group: SentinelGroup) {
    this.#group = group
  }

  static async start(): Promise<WatchedGroup> {
    const group = await startSentinel({ replicas: 2, sentinels: 3, downAfter: DOWN_AFTER })
    for (const sentinel of group.sentinels) await attempt(sentinel, 'SENTINEL', 'DEBUG', ...HURRY)
    return new WatchedGroup(group)
  }

  get nodes(): readonly RedisServer[] {
    return this.#group.servers
  }

  get targets(): readonly Target[] {
    return [...this.#group.servers, ...this.#group.sentinels]
  }

  wayThrough(proxies: readonly FaultProxy[]): RedisWay {
    const sentinels = proxies.slice(this.nodes.length).map(({ host, port }) => ({ host, port }))
    return { sentinels, name: this.#group.name, natMap: natMapOf(this.targets, proxies) }
  }

  async masters(): Promise<RedisServer[]> {
    const master = await this.#group.master()
    return master.responsive ? [master] : []
  }

  async masterOf(): Promise<RedisServer> {
    const [master] = await this.masters()
    if (master === undefined) throw new Error('the master does not answer')
    return master
  }

  settled(within: number): Promise<void> {
    return this.#group.settled(within)
  }

  async isWhole(): Promise<boolean> {
    const astray = await this.#astray()
    const followed = await Promise.all((await this.#group.replicas()).map(hasCaughtUp))
    return astray.length === 0 && followed.every(Boolean)
  }

  async lag(): Promise<void> {
    for (const replica of await this.#group.replicas()) await attempt(replica, 'REPLICAOF', ...NOWHERE)
  }

  async handOver(): Promise<void> {
    const before = await this.#group.master()
    await this.#group.sentinels[0]?.command('SENTINEL', 'FAILOVER', this.#group.name)
    for (let waited = 0; waited < TAKEOVER && (await this.#group.master()) === before; waited += 20) await pause(20)
  }

  async moveSlot(): Promise<void> {}

  async overruled(): Promise<readonly Target[]> {
    const named = new Set(await Promise.all(this.#group.sentinels.map((sentinel) => this.#namedBy(sentinel))))
    if (named.size === 1) [this.#agreed] = named
    // Those who know of a takeover name another than the one that all had named before.
    const current = [...named].find((port) => port !== this.#agreed) ?? this.#agreed
    const others = this.nodes.filter((node) => node.responsive && String(node.port) !== current)
    const roles = await Promise.all(others.map(roleOf))
    return others.filter((_, at) => roles[at]?.name === 'master')
  }

  async teach(): Promise<void> {
    const { host, port } = await this.#group.master()
    for (const node of await this.#astray()) {
      await attempt(node, 'REPLICAOF', host, String(port))
      await attempt(node, 'CONFIG', 'REWRITE')
    }
  }

  async stop(): Promise<void> {
    await this.#group.stop()
  }

  /** Those that do not follow the master, though they are not it. */
  async #astray(): Promise<RedisServer[]> {
    const master = await this.#group.master()
    const others = this.nodes.filter((node) => node !== master && node.responsive)
    const roles = await Promise.all(others.map(roleOf))
    return others.filter((_, at) => roles[at]?.name !== 'slave' || roles[at]?.follows !== master.port)
  }

  async #namedBy(sentinel: RedisServer): Promise<string | undefined> {
    const reply = await attempt(sentinel, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.#group.name)
    return (reply as [string, string] | undefined)?.[1]
  }
}

/** What a server takes itself for, and whom it follows. */
async function roleOf(node: RedisServer): Promise<{ readonly name: string; readonly follows: unknown } | undefined> {
  const reply = (await attempt(node, 'ROLE')) as readonly unknown[] | undefined
  return reply === undefined ? undefined : { name: String(reply[0]), follows: reply[2] }
}
