import type { FaultProxy, RedisServer } from '@granary/testing'

/** Proxies by the address of the node that each leads to. */
export type NatMap = Readonly<Record<string, { readonly host: string; readonly port: number }>>

/** How a process reaches its Redis, as `createCache` takes it: only through proxies of its own. */
export type RedisWay =
  | string
  | { readonly cluster: readonly string[]; readonly natMap: NatMap }
  | {
      readonly sentinels: readonly { readonly host: string; readonly port: number }[]
      readonly name: string
      readonly natMap: NatMap
    }

/** Where one node of the servers is; a proxy leads to it. */
export interface Target {
  readonly host: string
  readonly port: number
}

/** What is behind the processes of a site: one server, and a replica when one is needed; or several with their replicas. */
export interface Servers {
  /** The nodes that a process may talk to. A single server that is replaced by its replica stays the same target. */
  readonly targets: readonly Target[]
  /** How long it may take until a master is replaced and everything is whole again, in milliseconds. */
  readonly replacing: number
  /** How a process gets to them, given a proxy for each target. */
  wayThrough(proxies: readonly FaultProxy[]): RedisWay
  /** The servers that take writes. */
  masters(): Promise<readonly RedisServer[]>
  /** The one that has a key. */
  masterOf(key: string): Promise<RedisServer>
  /** A server that takes writes is stopped for a while (SIGSTOP). */
  hang(ms: number): Promise<void>
  /** One is killed and starts again after a while, with what it saved last or with nothing. */
  restart(data: 'empty' | 'old', down: number): Promise<void>
  /** A replica follows; resolves when it has caught up. */
  follow(): Promise<void>
  /** The replicas hear nothing any more. */
  lag(): Promise<void>
  /** A server that takes writes is killed for good, and a replica takes over. */
  promote(): Promise<void>
  /** One is stopped until a replica has taken over, and goes on `wakes` milliseconds later, with what it knew. */
  depose(wakes: number): Promise<void>
  /** One that is well is replaced. */
  handOver(): Promise<void>
  /** The slot of a key goes to another server, with everything in it. */
  moveSlot(key: string): Promise<void>
  /** Those that answer as masters although another has taken over: they have not learnt it yet. */
  overruled(): Promise<readonly Target[]>
  /** Everything runs and answers again. */
  heal(): Promise<void>
  stop(): Promise<void>
}

/** Sends a command past all proxies; undefined when the server does not take it. */
export function attempt(server: RedisServer, ...args: readonly string[]): Promise<unknown> {
  return server.command(...args).catch(() => undefined)
}

/** The proxies of targets, by the targets' own addresses. */
export function natMapOf(targets: readonly Target[], proxies: readonly FaultProxy[]): NatMap {
  return Object.fromEntries(
    targets.map(({ host, port }, at) => [`${host}:${port}`, { host: '127.0.0.1', port: proxies[at]?.port ?? 0 }]),
  )
}
