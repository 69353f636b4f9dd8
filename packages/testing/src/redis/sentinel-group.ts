import { TestingError } from '../errors.ts'
import { eventually } from './eventually.ts'
import type { RedisServer } from './redis-server.ts'
import { stopAll, withRole } from './server-group.ts'

/** The parts of a {@link SentinelGroup}. */
export interface SentinelParts {
  readonly name: string
  readonly servers: readonly RedisServer[]
  readonly sentinels: readonly RedisServer[]
}

/** A master, its replicas and the sentinels that watch them: real processes that a test can kill, freeze and restart. */
export class SentinelGroup implements AsyncDisposable {
  /** The name under which the sentinels know the master. */
  readonly name: string
  /** The data servers: first the one that began as master, then the replicas. */
  readonly servers: readonly RedisServer[]
  /** The sentinels. */
  readonly sentinels: readonly RedisServer[]

  /** @internal Use {@link startSentinel}. */
  constructor({ name, servers, sentinels }: SentinelParts) {
    this.name = name
    this.servers = servers
    this.sentinels = sentinels
  }

  /** Where the sentinels listen, as clients take it. */
  get addresses(): { host: string; port: number }[] {
    return this.sentinels.map(({ host, port }) => ({ host, port }))
  }

  /** The master that the sentinels name; it may be dead or frozen. */
  async master(): Promise<RedisServer> {
    const asked = this.sentinels.find((sentinel) => sentinel.responsive)
    if (asked === undefined) throw new TestingError('REDIS_CONNECTION_LOST', 'No sentinel is running and unfrozen.')
    return this.#namedBy(asked)
  }

  /** The servers that are replicas by their own account; frozen and dead ones are not asked. */
  replicas(): Promise<RedisServer[]> {
    return withRole(this.servers, 'slave')
  }

  /**
   * Resolves when every responsive sentinel names the same master and that one answers as a master: after a master was lost,
   * that is when a replica has taken over.
   *
   * @throws {@link TestingError} with code `NOT_IN_TIME` after `within` milliseconds (default 30000)
   */
  async settled(within = 30_000): Promise<void> {
    const isSettled = async () => {
      const responsive = this.sentinels.filter((sentinel) => sentinel.responsive)
      const named = new Set(await Promise.all(responsive.map((sentinel) => this.#namedBy(sentinel))))
      const [master] = named
      if (named.size !== 1 || master?.responsive !== true) return false
      return (await withRole([master], 'master')).length === 1
    }
    await eventually(isSettled, { what: `the sentinels agree on a master of '${this.name}' that answers`, within })
  }

  /** Whether every sentinel knows the others and every replica. */
  async isComplete(): Promise<boolean> {
    const views = await Promise.all(this.sentinels.map((sentinel) => sentinel.command('SENTINEL', 'MASTER', this.name)))
    return views.every((view) => {
      const fields = view as string[]
      const field = (name: string) => fields[fields.indexOf(name) + 1]
      const knowsAll = field('num-other-sentinels') === String(this.sentinels.length - 1)
      return knowsAll && field('num-slaves') === String(this.servers.length - 1) && field('flags') === 'master'
    })
  }

  /** Stops every process. */
  async stop(): Promise<void> {
    await stopAll([...this.sentinels, ...this.servers])
  }

  /** Stops every process: `await using group = await startSentinel()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #namedBy(sentinel: RedisServer): Promise<RedisServer> {
    const reply = (await sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.name)) as [string, string] | null
    const server = this.servers.find(({ port }) => String(port) === reply?.[1])
    if (server === undefined)
      throw new TestingError('REDIS_CONNECTION_LOST', `The sentinels know no master '${this.name}'.`)
    return server
  }
}
