import type { FaultProxy, RedisServer } from '@granary/testing'
import { pause } from '../pause.ts'
import { attempt, type RedisWay, type Servers, type Target } from './servers.ts'
import { restartNode } from './single-server.ts'

/** Masters with replicas that take over by themselves, arranged in one way or another. */
export interface Group {
  /** Masters and replicas. */
  readonly nodes: readonly RedisServer[]
  readonly targets: readonly Target[]
  wayThrough(proxies: readonly FaultProxy[]): RedisWay
  /** The masters that answer. */
  masters(): Promise<readonly RedisServer[]>
  /** The master of a key. */
  masterOf(key: string): Promise<RedisServer>
  /** Resolves when everybody agrees on masters that answer. */
  settled(within: number): Promise<void>
  /** Whether every replica follows its master and has caught up, and nobody else thinks that it is one. */
  isWhole(): Promise<boolean>
  /** The replicas hear nothing any more. */
  lag(): Promise<void>
  handOver(): Promise<void>
  moveSlot(key: string): Promise<void>
  overruled(): Promise<readonly Target[]>
  /** Whoever missed a takeover learns of it. */
  teach(): Promise<void>
  stop(): Promise<void>
}

/** A node that is stopped for longer might be replaced. */
const LONGEST_HANG = 800
/** How long it may take until everything is whole again. */
const PATIENCE = 30_000
/** How long a schedule waits for a master to be replaced. */
const TAKEOVER = 10_000

/** Servers whose replicas take over, and what is done to them. */
export class ReplicatedServers implements Servers {
  readonly replacing = 2 * PATIENCE
  readonly #group: Group
  /** Killed for good: they come back when their replicas have taken over. */
  readonly #fallen = new Set<RedisServer>()
  /** What is done to the servers is done one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  /** A master has been replaced, or will be, since everything was well: another one would leave too few. */
  #isReplacing = false
  #strikes = 0

  constructor(group: Group) {
    this.#group = group
  }

  get targets(): readonly Target[] {
    return this.#group.targets
  }

  wayThrough(proxies: readonly FaultProxy[]): RedisWay {
    return this.#group.wayThrough(proxies)
  }

  masters(): Promise<readonly RedisServer[]> {
    return this.#group.masters()
  }

  masterOf(key: string): Promise<RedisServer> {
    return this.#group.masterOf(key)
  }

  async hang(ms: number): Promise<void> {
    const victim = await this.#next()
    await victim.pause()
    setTimeout(() => void victim.resume().catch(() => {}), Math.min(ms, LONGEST_HANG))
  }

  restart(data: 'empty' | 'old', down: number): Promise<void> {
    return this.#inTurn(async () => restartNode(await this.#next(), data, down))
  }

  async follow(): Promise<void> {}

  lag(): Promise<void> {
    return this.#group.lag()
  }

  promote(): Promise<void> {
    return this.#replace(async () => {
      const victim = await this.#next()
      this.#fallen.add(victim)
      await victim.kill()
    })
  }

  depose(wakes: number): Promise<void> {
    return this.#replace(async () => {
      const victim = await this.#next()
      await victim.pause()
      await this.#group.settled(TAKEOVER).catch(() => {})
      setTimeout(() => void victim.resume().catch(() => {}), wakes)
    })
  }

  handOver(): Promise<void> {
    return this.#replace(() => this.#group.handOver())
  }

  moveSlot(key: string): Promise<void> {
    return this.#inTurn(() => this.#group.moveSlot(key))
  }

  overruled(): Promise<readonly Target[]> {
    return this.#group.overruled()
  }

  async heal(): Promise<void> {
    await this.#turn
    const { nodes } = this.#group
    for (const node of nodes) if (node.running) await node.resume()
    for (const node of nodes) if (!node.running && !this.#fallen.has(node)) await node.restart()
    await this.#group.settled(PATIENCE)
    for (const node of this.#fallen) await node.restart()
    this.#fallen.clear()
    this.#isReplacing = false
    // Whoever was a master when its memory was full may be none by now.
    for (const node of nodes) await attempt(node, 'CONFIG', 'SET', 'maxmemory', '0')
    await this.#untilWhole()
  }

  async stop(): Promise<void> {
    await this.#group.stop()
  }

  /** Each master in turn. */
  async #next(): Promise<RedisServer> {
    const masters = await this.#group.masters()
    const victim = masters[this.#strikes++ % masters.length]
    if (victim === undefined) throw new Error('no master answers')
    return victim
  }

  /** Every master has its replicas: the next one that is killed takes nothing along. */
  async #untilWhole(): Promise<void> {
    for (let waited = 0; waited < PATIENCE; waited += 50) {
      await this.#group.settled(PATIENCE)
      if (await this.#group.isWhole()) return
      await this.#group.teach()
      await pause(50)
    }
    throw new Error('the servers did not become whole again')
  }

  /** Only the first of those that are asked for until everything is well again. */
  #replace(work: () => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isReplacing) return
      this.#isReplacing = true
      await work()
    })
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }
}

/** Whether a replica holds a copy of its master and follows it. */
export async function hasCaughtUp(replica: RedisServer): Promise<boolean> {
  return /master_link_status:up/.test(String(await replica.command('INFO', 'replication')))
}
