import { type Clock, waitAtMost } from '../../clock.ts'
import { RedisUnavailable } from '../../errors.ts'
import type { ClusterPlan } from '../../options/redis-client.ts'
import type { Random } from '../../random.ts'
import { Connection } from '../connection/connection.ts'
import { classifyFailure } from '../connection/failure.ts'
import { type NodeAddress, nameOf } from './node-address.ts'
import type { Place, PlaceOptions } from './place.ts'
import { Shard } from './shard.ts'
import { SlotMap } from './slot-map.ts'

/** What the masters of a cluster need. */
export interface MastersOptions extends PlaceOptions {
  readonly clock: Clock
  readonly random: Random
  readonly plan: ClusterPlan
  readonly heartbeat: number
  readonly silence: number
  /** A failover has taken place: nothing stored before it may be trusted. Called before a new master is used. */
  readonly onEpoch: (epoch: number) => void
  /** A master is in use again, or for the first time. */
  readonly onOpen: () => void
  readonly onLost: (node: string, cause: RedisUnavailable) => void
  /** These slots have another master than was known: nobody tells of writes to what was read at the one before. */
  readonly onMoved: (slots: ReadonlySet<number>) => void
  /** Every slot has a master in use again, so many milliseconds after the first `onLost`. */
  readonly onWhole: (downFor: number) => void
}

/** Pauses between questions for the slots while a master is away, in milliseconds. */
const ASK_EVERY = 200

/** A node that only a redirection names is let go when it was not wanted for so long, in milliseconds. */
const GUEST = 10_000

/** One connection set for each master of a cluster, and the map of who serves which slot. */
export class Masters {
  readonly #options: MastersOptions
  #map = SlotMap.empty()
  readonly #shards = new Map<string, Shard>()
  readonly #shardOf = new WeakMap<NodeAddress, Shard>()
  #refreshing: Promise<void> | undefined
  #cancelRefresh: (() => void) | undefined
  #epoch = 0
  /** When the first of the masters that are away was lost, and which they are. */
  #lostAt: number | undefined
  readonly #lost = new Set<string>()
  #closed = false

  constructor(options: MastersOptions) {
    this.#options = options
  }

  /** The highest epoch that any node has told. */
  get epoch(): number {
    return this.#epoch
  }

  /** Learns an epoch; a higher one than before is a failover, or a node that took over slots. */
  raise(epoch: number): void {
    if (epoch <= this.#epoch) return
    this.#epoch = epoch
    this.#options.onEpoch(epoch)
  }

  /** The way to the master of a slot; undefined when none is known. */
  ownerOf(slot: number): Shard | undefined {
    if (this.#closed) return undefined
    const owner = this.#map.ownerOf(slot)
    return owner && this.#at(owner)
  }

  /** A redirection named this master for a slot; the others are asked for theirs soon. */
  learn(slot: number, owner: NodeAddress): Shard {
    if (this.#map.learn(slot, owner)) this.#options.onMoved(new Set([slot]))
    this.refreshSoon()
    return this.#at(owner)
  }

  /** The way to a node that a redirection names for once. */
  guest(address: NodeAddress): Shard {
    const shard = this.#at(address)
    shard.wantedAt = this.#options.clock.now()
    return shard
  }

  /** Where a node is reached that calls itself so. */
  translate(address: NodeAddress): NodeAddress {
    return this.#options.plan.translate(address)
  }

  /** Where a slot is served, asked for anew. Rejects with `RedisUnavailable`. */
  async addressOf(slot: number): Promise<NodeAddress> {
    await this.refresh()
    const owner = this.#map.ownerOf(slot)
    if (owner === undefined)
      throw new RedisUnavailable('moved', new Error(`No node of the cluster serves slot ${slot}.`))
    return owner
  }

  /** Waits until every known master was tried once. */
  async untilTried(patience: number): Promise<void> {
    const tried = Promise.all([...this.#shards.values()].map((shard) => shard.untilTried()))
    await waitAtMost(this.#options.clock, patience, tried)
  }

  /** Resolves when every master in use has told of every write that it had made before. */
  async confirm(deadline: number): Promise<void> {
    await Promise.all([...this.#shards.values()].map(({ place }) => place?.confirm(deadline)))
  }

  /** Asks who serves what. Several who ask at once share one answer. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#askSlots()
      .then((map) => this.#adopt(map))
      .finally(() => {
        this.#refreshing = undefined
      })
    return this.#refreshing
  }

  /** The same, of this master and no other. */
  async refreshFrom(address: NodeAddress, data: Connection, deadline: number): Promise<void> {
    await this.#refreshing?.catch(() => {})
    const reply = await data.call('cluster', ['slots'], deadline)
    await this.#adopt(SlotMap.read(reply, address, this.#options.plan.translate))
  }

  /** Asks soon: many who are redirected at once cause one question. */
  refreshSoon(): void {
    if (this.#cancelRefresh !== undefined || this.#closed) return
    this.#cancelRefresh = this.#options.clock.schedule(ASK_EVERY * (0.75 + this.#options.random.next() / 2), () => {
      this.#cancelRefresh = undefined
      if (!this.#closed) this.refresh().catch(() => this.refreshSoon())
    })
  }

  close(): void {
    this.#closed = true
    this.#cancelRefresh?.()
    for (const shard of this.#shards.values()) shard.close()
    this.#shards.clear()
  }

  async #adopt(map: SlotMap): Promise<void> {
    if (this.#closed) return
    const masters = map.masters()
    const isFailover = [...this.#map.masters().keys()].some((name) => !masters.has(name))
    if (isFailover) await this.#askEpochs(masters)
    if (this.#closed) return
    const moved = this.#map.movedIn(map)
    this.#map = map
    if (moved.size > 0) this.#options.onMoved(moved)
    for (const address of masters.values()) this.#at(address)
    const now = this.#options.clock.now()
    for (const [name, shard] of this.#shards) {
      if (masters.has(name) || now - shard.wantedAt < GUEST) continue
      this.#shards.delete(name)
      shard.close()
    }
    this.#judge()
  }

  /** A master serves nothing any more: those that may have taken over are asked for the epoch before the new map is used. */
  async #askEpochs(masters: ReadonlyMap<string, NodeAddress>): Promise<void> {
    const places = [...masters.keys()].map((name) => this.#shards.get(name)?.place)
    await Promise.all(places.map((place) => place && this.#verify(place).catch((cause) => place.end(cause))))
  }

  async #verify(place: Place): Promise<void> {
    this.raise(await place.askEpoch(this.#options.silence))
  }

  /** Asks masters in use, one after the other; when there is none, everybody whose address is known, at once. */
  async #askSlots(): Promise<SlotMap> {
    const { clock, random, plan, silence } = this.#options
    const open = [...this.#shards.values()].flatMap(({ place }) => place ?? [])
    const first = Math.floor(random.next() * open.length)
    for (const { address, data } of [...open.slice(first), ...open.slice(0, first)]) {
      try {
        const reply = await data.call('cluster', ['slots'], clock.now() + silence / 2)
        return SlotMap.read(reply, address, plan.translate)
      } catch {
        // The next one is asked.
      }
    }
    const known = new Map([...this.#shards.values()].map(({ name, address }) => [name, address]))
    for (const seed of await plan.seeds()) known.set(nameOf(seed), seed)
    return Promise.any([...known.values()].map((address) => this.#askStranger(address))).catch((error) => {
      throw classifyFailure(error instanceof AggregateError ? error.errors[0] : error)
    })
  }

  /** Asks a node by a connection that serves for this question alone. */
  async #askStranger(address: NodeAddress): Promise<SlotMap> {
    const { clock, makeNode, patience, slow, plan } = this.#options
    const client = await makeNode(address, 'data')
    const connection = await Connection.open(client, { clock, patience, slow, onLost: () => {} })
    try {
      const map = SlotMap.read(
        await connection.call('cluster', ['slots'], clock.now() + patience),
        address,
        plan.translate,
      )
      if (map.masters().size === 0)
        throw new RedisUnavailable('moved', new Error(`${nameOf(address)} knows no master of any slot.`))
      return map
    } finally {
      connection.drop(new RedisUnavailable('shut'))
    }
  }

  /** After the close nothing is connected any more: nobody would end it. */
  #at(address: NodeAddress): Shard {
    if (this.#closed) throw new RedisUnavailable('shut')
    const known = this.#shardOf.get(address)
    if (known !== undefined && !known.isClosed) return known
    const name = nameOf(address)
    const shard = this.#shards.get(name) ?? this.#connect(address)
    this.#shards.set(name, shard)
    this.#shardOf.set(address, shard)
    return shard
  }

  #connect(address: NodeAddress): Shard {
    return new Shard(address, {
      ...this.#options,
      verify: (place) => this.#verify(place),
      onOpen: () => {
        this.#options.onOpen()
        this.#judge()
      },
      onLost: (shard, cause) => {
        if (this.#map.masters().has(shard.name)) this.#noteLost(shard.name, cause)
        this.refreshSoon()
      },
    })
  }

  #noteLost(name: string, cause: RedisUnavailable): void {
    this.#lostAt ??= this.#options.clock.now()
    if (this.#lost.has(name)) return
    this.#lost.add(name)
    this.#options.onLost(name, cause)
  }

  /** Whether every slot has a master in use; while not, slots are asked for again and again. */
  #judge(): void {
    if (this.#lostAt === undefined) return
    const owners = [...this.#map.masters().keys()]
    if (!this.#map.isComplete || owners.some((name) => this.#shards.get(name)?.place === undefined)) {
      this.refreshSoon()
      return
    }
    const downFor = this.#options.clock.now() - this.#lostAt
    this.#lostAt = undefined
    this.#lost.clear()
    this.#options.onWhole(downFor)
  }
}
