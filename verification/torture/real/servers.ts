import type { RedisServer } from '@granary/testing'

/** How the nodes of a cluster are reached: through a proxy for each. */
export interface ClusterWay {
  readonly urls: readonly string[]
  /** The proxy of each node, by the node's own address. */
  readonly natMap: Readonly<Record<string, { readonly host: string; readonly port: number }>>
}

/** Where one node of the servers is; a proxy leads to it. */
export interface Target {
  readonly host: string
  readonly port: number
}

/** What is behind the processes of a site: one server, and a replica when one is needed; or a cluster. */
export interface Servers {
  /** The nodes that a process may talk to. A single server that is replaced by its replica stays the same target. */
  readonly targets: readonly Target[]
  readonly isCluster: boolean
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
  /** The replica hears nothing any more. */
  lag(): Promise<void>
  /** A server that takes writes is killed for good, and its replica takes over. */
  promote(): Promise<void>
  /** The slot of a key goes to another server, with everything in it. */
  moveSlot(key: string): Promise<void>
  /** Everything runs and answers again. */
  heal(): Promise<void>
  stop(): Promise<void>
}

/** Sends a command past all proxies; undefined when the server does not take it. */
export function attempt(server: RedisServer, ...args: readonly string[]): Promise<unknown> {
  return server.command(...args).catch(() => undefined)
}
