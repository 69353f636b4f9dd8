import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { startRedis } from '@granary/testing'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Cache, CachedName, Duration } from '../src/index.ts'
import { Database } from './stage/database.ts'
import { delivered, until, useRedis } from './stage/redis-stage.ts'

interface Row {
  readonly id: number
  readonly version: number
}

const POLICY = { ttl: '5m', tags: (row: Row) => [`row:${row.id}`, 'rows'] } as const
type Rows = CachedName<[number], Row>

const stage = useRedis()
const subscriber = (connection: { sent(command: string): boolean }) => connection.sent('SUBSCRIBE')
const data = (connection: { sent(command: string): boolean }) => connection.sent('MGET')

/** Two processes' caches over one Redis and one database. */
async function scene({ proxied = false, callBudget = '1s' as Duration } = {}) {
  const db = new Database<Row>([[1, { id: 1, version: 0 }]])
  const options = { maxStaleness: '5s', redis: { callBudget } } as const
  const { cache: a, proxy } = proxied
    ? await stage.proxied(options)
    : { cache: await stage.node(options), proxy: undefined }
  const b = await stage.node(options)
  const rowsOf = (cache: Cache): CachedName<[number], Row> => cache.define<[number], Row>('row', { ...POLICY })
  const [rowsA, rowsB] = [rowsOf(a), rowsOf(b)]
  const readA = () => rowsA.getOrSet([1], db.reading(1))
  const readB = () => rowsB.getOrSet([1], db.reading(1))
  const write = (version: number) => void db.rows.set(1, { id: 1, version })
  return { a, b, rowsA, rowsB, db, readA, readB, write, proxy: proxy as NonNullable<typeof proxy> }
}

const v = (version: number): Row => ({ id: 1, version })

const INVALIDATIONS: readonly (readonly [string, (cache: Cache) => Promise<unknown>])[] = [
  ['the entry', (cache) => cache.delete('row', [1])],
  ['a tag known before', (cache) => cache.invalidateTags(['rows'])],
  ['a tag computed from the value', (cache) => cache.invalidateTags(['row:1'])],
  ['the name', (cache) => cache.clear('row')],
  ['the namespace', (cache) => cache.clear()],
]

describe('C3, the race table: on the node that loads', () => {
  test.each(INVALIDATIONS)(
    'by %s: a load that began before is not kept by any tier of any node',
    async (_, invalidate) => {
      const { a, rowsB, db, readA, readB, write } = await scene()
      const release = db.hold()
      const early = readA()
      await until(() => db.reads.length === 1)
      write(1)
      await invalidate(a)
      release()
      expect(await early).toEqual(v(0))
      await a.drain()
      expect(a.peek('row', [1])).toBeUndefined()
      expect(await rowsB.get([1])).toBeUndefined()
      expect([await readA(), await readB()]).toEqual([v(1), v(1)])
    },
  )

  test.each(INVALIDATIONS)('by %s: a new read does not get what the old load brings', async (_, invalidate) => {
    const { a, db, readA, write } = await scene()
    const release = db.hold()
    const early = readA()
    await until(() => db.reads.length === 1)
    write(1)
    await invalidate(a)
    const late = readA()
    await wait(10)
    release()
    expect([await early, await late]).toEqual([v(0), v(1)])
  })
})

describe('C3, the race table: on another node', () => {
  test.each(INVALIDATIONS)(
    'by %s: a load that began before is not kept by any tier of any node',
    async (_, invalidate) => {
      const { a, b, rowsB, db, readA, readB, write } = await scene()
      const release = db.hold()
      const early = readA()
      await until(() => db.reads.length === 1)
      write(1)
      await invalidate(b)
      release()
      expect(await early).toEqual(v(0))
      await a.drain()
      expect(await rowsB.get([1])).toBeUndefined()
      expect(await readB()).toEqual(v(1))
      await delivered(b, a)
      expect(await readA()).toEqual(v(1))
    },
  )

  test.each(INVALIDATIONS)(
    'by %s: the invalidating node itself sees the new row at once, load or no load',
    async (_, invalidate) => {
      const { a, b, db, readA, readB, write } = await scene()
      const release = db.hold()
      const early = readA()
      await until(() => db.reads.length === 1)
      write(1)
      await invalidate(b)
      release()
      expect(await readB()).toEqual(v(1))
      await early
      await a.drain()
      expect(await readB()).toEqual(v(1))
    },
  )

  test.each(INVALIDATIONS)('by %s: what is in both tiers of both nodes is gone', async (_, invalidate) => {
    const { a, b, readA, readB, write } = await scene()
    await readA()
    await a.drain()
    await readB()
    expect([a.peek('row', [1]), b.peek('row', [1])]).toEqual([v(0), v(0)])
    write(1)
    await invalidate(b)
    expect(b.peek('row', [1])).toBeUndefined()
    await delivered(b, a)
    expect(a.peek('row', [1])).toBeUndefined()
    expect([await readA(), await readB()]).toEqual([v(1), v(1)])
  })

  test('incident 15: a delete reaches the copy in a process that holds the key, from one that never did', async () => {
    const { a, b, readA, write } = await scene()
    await readA()
    write(1)
    await b.delete('row', [1])
    await delivered(b, a)
    expect(await readA()).toEqual(v(1))
  })

  test.each([
    ['an explicit set', (rows: CachedName<[number], Row>) => rows.set([1], v(7))],
    ['a write-through', (rows: CachedName<[number], Row>) => rows.put([1], async () => v(7))],
  ])('%s during a load is kept, and the load is not', async (_, store) => {
    const { a, b, rowsA, rowsB, db, readA } = await scene()
    const release = db.hold()
    const early = readA()
    await until(() => db.reads.length === 1)
    await store(rowsB)
    release()
    expect(await early).toEqual(v(0))
    await a.drain()
    await delivered(b, a)
    expect([await rowsA.get([1]), await rowsB.get([1])]).toEqual([v(7), v(7)])
  })

  test('100 callers on two nodes share one load', async () => {
    const { db, readA, readB } = await scene()
    const reads = Array.from({ length: 100 }, (_, at) => (at % 2 === 0 ? readA() : readB()))
    expect(new Set((await Promise.all(reads)).map(({ version }) => version))).toEqual(new Set([0]))
    expect(db.reads.length).toBe(1)
  })
})

describe('C3: write-throughs on two nodes', () => {
  test('the later commit of the earlier write cannot overwrite the row of the later one', async () => {
    const { a, b, rowsA, rowsB, db } = await scene()
    const release = db.hold()
    const slow = rowsA.put([1], db.reading(1))
    await until(() => db.reads.length === 1)
    await rowsB.put([1], async () => v(2))
    release()
    await slow
    await delivered(a, b)
    for (const rows of [rowsA, rowsB]) expect((await rows.get([1]))?.version ?? 2).toBe(2)
  })

  test('other memories are told of one', async () => {
    const { a, b, rowsB, readA } = await scene()
    await readA()
    await rowsB.put([1], async () => v(1))
    await delivered(b, a)
    expect(await readA()).toEqual(v(1))
  })

  test('one whose process cannot reach Redis at the end leaves no old row behind', async () => {
    const { a, b, rowsA, rowsB, proxy } = await scene({ proxied: true })
    await rowsA.set([1], v(0))
    await rowsA.put([1], async () => {
      await proxy.inject({ kind: 'refuse' })
      return v(1)
    })
    expect(a.inspect().queued).toBe(1)
    await proxy.heal()
    await a.whenDelivered()
    await delivered(a, b)
    expect((await rowsB.get([1]))?.version ?? 1).toBe(1)
  })
})

describe('C3: the bus and the replies race', () => {
  test.each(INVALIDATIONS)(
    'A2, by %s: an old reply that comes after the message does not stay in memory',
    async (_, invalidate) => {
      const { a, b, readA, readB, write, proxy } = await scene({ proxied: true })
      await readB()
      await b.drain()
      await a.getOrSet('warm', [], () => 1)
      const held = await proxy.inject({ kind: 'hang', direction: 'down', connections: data })
      const early = readA()
      await until(() => proxy.commands.filter(({ name }) => name === 'MGET').length >= 2)
      await wait(20)
      write(1)
      await invalidate(b)
      await delivered(b, a)
      await held.lift()
      await early
      expect(a.peek('row', [1])).not.toEqual(v(0))
      expect(await readA()).toEqual(v(1))
    },
  )

  test('a read that overtakes an invalidation on another connection is not joined by those who come after it', async () => {
    const { a, b, db, proxy } = await scene({ proxied: true, callBudget: '5s' })
    const large = (version: number) => ({ ...v(version), text: randomBytes(30_000).toString('hex') })
    const [rowsA, rowsB] = [a, b].map((cache) => cache.define<[number], Row>('large', { ttl: '5m' })) as [Rows, Rows]
    const readA = () => rowsA.getOrSet([1], db.reading(1))
    await rowsB.set([1], large(0))
    await rowsB.set([2], large(0))
    await rowsA.get([2])
    await rowsA.get([2])
    const bulk = proxy.connections.filter((each) => data(each) && each.index > 0).map(({ index }) => index)
    expect(bulk.length).toBe(1)
    db.rows.set(1, v(1))
    const invalidation = await proxy.inject({ kind: 'hang', direction: 'up', connections: [0] })
    const deleting = rowsA.delete([1])
    expect((await readA()).version).toBe(0)
    expect(rowsA.peek([1])).toBeUndefined()
    const reply = await proxy.inject({ kind: 'hang', direction: 'down', connections: bulk })
    proxy.forget()
    const early = readA()
    await until(() => proxy.commands.some(({ name }) => name === 'MGET'))
    await wait(20)
    await invalidation.lift()
    expect(await deleting).toMatchObject({ delivered: true })
    const late = readA()
    await wait(20)
    await reply.lift()
    expect((await late).version).toBe(1)
    await early
    expect(rowsA.peek([1])?.version).not.toBe(0)
  })

  test('A3: a read from Redis is exact although the bus is silent', async () => {
    const { b, readA, readB, write, proxy } = await scene({ proxied: true })
    await readB()
    await b.drain()
    await proxy.inject({ kind: 'hang', direction: 'down', connections: subscriber })
    write(1)
    await b.invalidateTags(['row:1'])
    expect(await readA()).toEqual(v(1))
  })

  test('the subscriber is killed during a remote write: memory is not served from then on', async () => {
    const { a, b, readA, write, proxy } = await scene({ proxied: true })
    await readA()
    const deaf = await proxy.inject({ kind: 'hang', connections: subscriber })
    proxy.drop(subscriber)
    write(1)
    await b.delete('row', [1])
    await until(() => a.health().redis !== 'open')
    expect(a.peek('row', [1])).toBeUndefined()
    expect(await readA()).toEqual(v(1))
    await deaf.lift()
    await a.ready()
    expect(await readA()).toEqual(v(1))
  })
})

describe('C3: a load commits only with a lease granted before it began', () => {
  test('A1: an acquire that Redis answers too late gives no right to store', async () => {
    const { a, b, rowsB, db, readA, write, proxy } = await scene({ proxied: true, callBudget: '200ms' })
    await a.getOrSet('warm', [], () => 1)
    const release = db.hold()
    const held = await proxy.inject({ kind: 'hang', direction: 'down', connections: data, after: { replies: 1 } })
    const early = readA()
    await until(() => db.reads.length === 1)
    write(1)
    await b.delete('row', [1])
    await held.lift()
    await wait(30)
    release()
    expect(await early).toEqual(v(0))
    await a.drain()
    expect(await rowsB.get([1])).toBeUndefined()
  })

  test('A5: a set that was told to have failed does not come back to life', async () => {
    const { a, b, rowsA, rowsB, proxy } = await scene({ proxied: true, callBudget: '200ms' })
    await rowsA.set([2], { id: 2, version: 0 })
    const held = await proxy.inject({ kind: 'hang' })
    expect(await rowsA.set([1], v(1))).toEqual({ delivered: false, queued: true })
    await rowsB.set([1], v(2))
    await held.lift()
    await a.whenDelivered()
    await delivered(a, b)
    expect((await rowsB.get([1]))?.version ?? 2).toBe(2)
    expect((await rowsA.get([1]))?.version ?? 2).toBe(2)
  })
})

describe('C3: a server that was frozen', () => {
  test('what was told to have failed while it was does not overwrite what came after', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const redis = { client: server.url, callBudget: '150ms' } as const
    const [a, b] = [await stage.node({ redis }), await stage.node({ redis })]
    const [rowsA, rowsB] = [a, b].map((cache) => cache.define<[number], Row>('row', { ...POLICY })) as [Rows, Rows]
    for (const rows of [rowsA, rowsB]) await rows.set([2], { id: 2, version: 0 })
    await server.pause()
    const [set, put] = await Promise.all([rowsA.set([1], v(1)), rowsA.put([3], () => ({ id: 3, version: 1 }))])
    expect(set).toEqual({ delivered: false, queued: true })
    expect(put).toEqual({ id: 3, version: 1 })
    await server.resume()
    await until(() => b.health().redis === 'open')
    await rowsB.set([1], v(2))
    await rowsB.set([3], { id: 3, version: 2 })
    await a.whenDelivered()
    for (const rows of [rowsA, rowsB])
      for (const id of [1, 3]) expect((await rows.get([id]))?.version ?? 2, `row ${id}`).toBe(2)
  })
})

describe('C3: metadata that is lost makes misses, never revivals', () => {
  test.each([
    ['the clock', ['DEL', 'clk']],
    ['the tag records', ['DEL', 'tags']],
    ['both', ['DEL', 'clk', 'tags']],
  ])('%s', async (_, [command, ...parts]) => {
    const { a, b, rowsA, rowsB, readA, write } = await scene()
    await readA()
    await a.drain()
    write(1)
    await b.invalidateTags(['row:1'])
    const keys = parts.map((part) => `{${stage.namespace}}:${part}`)
    expect(await stage.redis.command(command as string, ...keys)).toBe(keys.length)
    expect(await stage.redis.command('EXISTS', rowsA.keyOf([1]))).toBe(1)
    const newcomer = (await stage.node()).define<[number], Row>('row', { ...POLICY })
    expect(await newcomer.get([1])).toBeUndefined()
    await until(() => a.health().redis === 'open' && b.health().redis === 'open')
    expect([await rowsA.get([1]), await rowsB.get([1])]).toEqual([undefined, undefined])
    expect(await readA()).toEqual(v(1))
  })

  test('FLUSHALL empties memory within maxStaleness, and everything works on', async () => {
    const a = await stage.node({ maxStaleness: '300ms' })
    await a.getOrSet('row', [1], () => v(0), { ttl: '5m' })
    await a.drain()
    await stage.redis.command('FLUSHALL')
    await wait(350)
    expect(a.peek('row', [1])).toBeUndefined()
    await until(async () => (await stage.redis.command('EXISTS', `{${stage.namespace}}:clk`)) === 1)
    await until(() => a.health().redis === 'open')
    expect(await a.getOrSet('row', [1], () => v(1), { ttl: '5m' })).toEqual(v(1))
    await a.drain()
    expect(await stage.redis.command('DBSIZE')).toBe(3)
  })
})

describe('C3: what lies at a key and is no frame of ours', () => {
  test.each([
    ['garbage', 'hello'],
    ['nothing', ''],
    ['a frame cut short', Buffer.from('4701003000', 'hex')],
    ['a header alone, of no placeholder', Buffer.concat([Buffer.from([0x47, 1, 0, 48]), Buffer.alloc(44)])],
    ['many bytes', Buffer.concat([Buffer.from([0x47, 1]), Buffer.alloc(5_000, 0x47)])],
  ])('%s is a miss that is told, and is replaced by what is loaded', async (_, bytes) => {
    const { a, rowsA, rowsB, db, readA } = await scene()
    const key = rowsA.keyOf([1])
    const rejected: string[] = []
    a.on('frame-rejected', (event) => rejected.push(event.key))
    await stage.redis.command('SET', key, bytes)
    expect(await readA()).toEqual(v(0))
    expect(rejected.length).toBe(bytes.length === 0 ? rejected.length : 1)
    await a.drain()
    expect(await rowsB.get([1])).toEqual(v(0))
    expect(db.reads.length).toBe(1)
  })

  test('a real frame with any byte damaged gives the value or a miss, never another value, a failure or a wait', async () => {
    const { a, b } = await scene()
    const rowsOf = (cache: Cache) => cache.define<[number], Row>('exact', { ...POLICY, consistency: 'strong' })
    const [rowsA, rowsB] = [rowsOf(a), rowsOf(b)]
    await rowsA.getOrSet([1], () => v(0))
    await a.drain()
    const key = rowsA.keyOf([1])
    const frame = (await stage.redis.commandBytes('GET', key)) as Buffer
    for (let at = 0; at < frame.length; at++) {
      const damaged = Buffer.from(frame)
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8))
      await stage.redis.command('SET', key, damaged)
      const startedAt = performance.now()
      expect([v(0), v(1)], `byte ${at}`).toContainEqual(await rowsB.getOrSet([1], () => v(1)))
      expect(performance.now() - startedAt).toBeLessThan(1_000)
    }
  })

  test('a frame of a newer version of this library is a miss, and is left alone', async () => {
    const { a, rowsA, db, readA } = await scene()
    await readA()
    await a.drain()
    await a.clear()
    const key = rowsA.keyOf([1])
    const frame = (await stage.redis.commandBytes('GET', key)) as Buffer
    frame[1] = 2
    await stage.redis.command('SET', key, frame)
    expect(await readA()).toEqual(v(0))
    await a.drain()
    expect(await stage.redis.commandBytes('GET', key)).toEqual(frame)
    expect(db.reads.length).toBe(2)
  })

  test('a key of another type is a miss, is left alone, and goes when it is invalidated', async () => {
    const { a, rowsA, db, readA } = await scene()
    const key = rowsA.keyOf([1])
    await stage.redis.command('LPUSH', key, 'somebody else')
    expect(await readA()).toEqual(v(0))
    await a.drain()
    expect(await stage.redis.command('TYPE', key)).toBe('list')
    expect(a.health().redis).toBe('open')
    await a.delete('row', [1])
    expect(await stage.redis.command('EXISTS', key)).toBe(0)
    await readA()
    expect(db.reads.length).toBe(2)
  })
})

/** One step of a random history on two nodes. */
type Step = {
  readonly node: 0 | 1
  readonly how: number
  readonly do: 'read' | 'strong' | 'land' | 'write' | 'put' | 'set'
}

const step: fc.Arbitrary<Step> = fc.record({
  node: fc.constantFrom(0 as const, 1 as const),
  how: fc.nat(INVALIDATIONS.length - 1),
  do: fc.constantFrom('read' as const, 'read', 'read', 'strong', 'land', 'land', 'write', 'write', 'put', 'set'),
})

describe('C3 as a law, on two nodes', () => {
  test('no read that begins after a delivered invalidation returns what was there before it', async () => {
    const nodes = [await stage.node({ maxStaleness: '30s' }), await stage.node({ maxStaleness: '30s' })] as const
    let histories = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 20 }), async (steps) => {
        await new History(nodes, `row-${++histories}`).play(steps)
      }),
      { numRuns: 60 },
    )
  })
})

/** One versioned row behind two nodes, whose loads land when the history says so. */
class History {
  readonly #nodes: readonly [Cache, Cache]
  readonly #name: string
  readonly #rows: readonly CachedName<[number], Row>[]
  readonly #strong: readonly CachedName<[number], Row>[]
  readonly #flying: (() => void)[] = []
  readonly #calls: Promise<void>[] = []
  readonly #failures: unknown[] = []
  /** What the database holds. */
  #version = 0
  /** What every invalidation that was delivered so far has made known. */
  #floor = 0

  constructor(nodes: readonly [Cache, Cache], name: string) {
    this.#nodes = nodes
    this.#name = name
    this.#rows = nodes.map((cache) => cache.define<[number], Row>(name, { ...POLICY }))
    this.#strong = nodes.map((cache) =>
      cache.define<[number], Row>(`${name}:strong`, { ...POLICY, consistency: 'strong' }),
    )
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const each of steps) {
      await this.#take(each)
      await wait(1)
    }
    await this.#landAll()
    expect(this.#failures).toEqual([])
    for (const cache of this.#nodes) await cache.drain()
    await delivered(this.#nodes[0], this.#nodes[1])
    await delivered(this.#nodes[1], this.#nodes[0])
    for (const rows of this.#rows) {
      expect((await rows.get([1]))?.version ?? this.#version, 'at rest').toBe(this.#version)
    }
  }

  /** Lands whatever takes off until every call is answered. */
  async #landAll(): Promise<void> {
    let answered = false
    void Promise.all(this.#calls).then(() => {
      answered = true
    })
    while (!answered) {
      for (const land of this.#flying.splice(0)) land()
      await wait(1)
    }
  }

  #call(work: Promise<void>): void {
    this.#calls.push(work.catch((error) => void this.#failures.push(error)))
  }

  async #take({ node, how, do: act }: Step): Promise<void> {
    const cache = this.#nodes[node]
    const rows = this.#rows[node] as CachedName<[number], Row>
    switch (act) {
      case 'read':
        return this.#expectFresh(() => rows.getOrSet([1], this.#load))
      case 'strong':
        return this.#expectFresh(() => (this.#strong[node] as typeof rows).getOrSet([1], this.#load))
      case 'land':
        this.#flying.splice(how % Math.max(1, this.#flying.length), 1)[0]?.()
        return
      case 'put':
        return this.#call(this.#put(node))
      case 'set':
        return this.#write(node, (version) => rows.set([1], v(version)))
      case 'write':
        return this.#write(node, () => this.#invalidate(cache, how))
    }
  }

  async #invalidate(cache: Cache, how: number): Promise<void> {
    const names = [this.#name, `${this.#name}:strong`]
    const entries = names.map((name) => ({ name, args: [1] }))
    await cache.invalidate(
      [{ entries }, { tags: ['rows'] }, { tags: ['row:1'] }, { names }, { namespace: true }][how] ?? {},
    )
  }

  /** The entry of the strong name stands for the same row: it goes with every write. Then the write is known everywhere. */
  async #told(node: 0 | 1, version: number): Promise<void> {
    await this.#nodes[node].delete(`${this.#name}:strong`, [1])
    await delivered(this.#nodes[node], this.#nodes[1 - node] as Cache)
    this.#floor = Math.max(this.#floor, version)
  }

  async #write(node: 0 | 1, tell: (version: number) => Promise<unknown>): Promise<void> {
    this.#version += 1
    const version = this.#version
    await tell(version)
    await this.#told(node, version)
  }

  /** The row is written when the write begins; it lands when the history says so, and is known from then on. */
  async #put(node: 0 | 1): Promise<void> {
    let version = 0
    await (this.#rows[node] as CachedName<[number], Row>).put([1], () => {
      this.#version += 1
      version = this.#version
      return this.#landing(version)
    })
    await this.#told(node, version)
  }

  readonly #load = (): Promise<Row> => this.#landing(this.#version)

  async #landing(version: number): Promise<Row> {
    await new Promise<void>((resolve) => this.#flying.push(resolve))
    return v(version)
  }

  #expectFresh(read: () => Promise<Row>): void {
    const floor = this.#floor
    this.#call(
      read().then(({ version }) => {
        expect(version, 'a read returned what was there before it began').toBeGreaterThanOrEqual(floor)
      }),
    )
  }
}

describe('a stale value that stands by while its row is loaded again', () => {
  /** Redis holds a value past its ttl, this process holds none, and its load of a newer one waits for the test. */
  async function standingBy() {
    const policy = {
      ttl: '20ms',
      jitter: 0,
      staleIfError: '1h',
      tags: (_: unknown, id: number) => [`row:${id}`],
    } as const
    const [other, cache] = [await stage.node(), await stage.node()]
    const [there, here] = [other, cache].map((each) => each.define<[number], string>('row', policy)) as [
      CachedName<[number], string>,
      CachedName<[number], string>,
    ]
    await there.getOrSet([1], () => 'old')
    await other.drain()
    await wait(30)
    let fail = (_: Error) => {}
    const reload = here.getOrSet([1], () => new Promise<never>((_, reject) => (fail = reject)))
    await until(() => cache.stats().loads === 1)
    return { cache, other, there, here, reload, fail: () => fail(new Error('database down')) }
  }

  test('is served when the load fails', async () => {
    const { reload, fail } = await standingBy()
    fail()
    expect(await reload).toBe('old')
  })

  test.each([
    ['here, by the entry', async ({ here }: Awaited<ReturnType<typeof standingBy>>) => here.delete([1])],
    [
      'elsewhere, by the entry',
      async ({ cache, other, there }: Awaited<ReturnType<typeof standingBy>>) => {
        await there.delete([1])
        await delivered(other, cache)
      },
    ],
    ['by a tag', async ({ cache }: Awaited<ReturnType<typeof standingBy>>) => cache.invalidateTags(['row:1'])],
    ['by its name', async ({ cache }: Awaited<ReturnType<typeof standingBy>>) => cache.clear('row')],
  ])('is not when it was invalidated meanwhile, %s', async (_, invalidate) => {
    const scene = await standingBy()
    const rejected = expect(scene.reload).rejects.toThrow('database down')
    await invalidate(scene)
    scene.fail()
    await rejected
  })
})
