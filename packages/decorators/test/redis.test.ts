import { type Cache, createCache } from '@granary/core'
import { Cached, CachePut, defineTags, entryOf, Invalidates, InvalidationFailed } from '@granary/decorators'
import { startRedis } from '@granary/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rejectionOf } from './fresh-cache.ts'

const tags = defineTags({ account: (id: number) => `account:${id}` })

interface Account {
  readonly id: number
  readonly opened: Date
}

/** One process of the fleet: its own memory, the shared Redis. */
class Accounts {
  readonly cache: Cache
  loads = 0

  constructor(cache: Cache) {
    this.cache = cache
  }

  @Cached({ name: 'fleet:by_key', ttl: '5m', secret: true, tags: (account: Account) => [tags.account(account.id)] })
  async byKey(apiKey: string): Promise<Account> {
    this.loads += 1
    return { id: apiKey.length, opened: new Date(0) }
  }

  @Cached({ name: 'fleet:by_ids', ttl: '5m', batch: 'map' })
  async byIds(ids: number[]): Promise<Map<number, Account>> {
    this.loads += 1
    return new Map(ids.map((id) => [id, { id, opened: new Date(id) }]))
  }

  @Invalidates({ tags: (id: number) => [tags.account(id)], required: true })
  async close(_id: number): Promise<string> {
    return 'closed'
  }

  @CachePut({ entry: entryOf(() => Accounts, 'byKey')((apiKey: string) => [apiKey]) })
  async rotate(_apiKey: string): Promise<Account> {
    return { id: 99, opened: new Date(99) }
  }
}

let redis: Awaited<ReturnType<typeof startRedis>>
const caches: Cache[] = []

/** A service in a process of its own. */
async function join(namespace: string): Promise<Accounts> {
  // A busy machine may keep Redis from answering within the usual budget, and then a call loads.
  const cache = createCache({
    namespace,
    redis: { client: redis.url, callBudget: '10s' },
    pepper: 'a pepper of sixteen bytes',
  })
  caches.push(cache)
  await cache.ready()
  return new Accounts(cache)
}

beforeAll(async () => {
  redis = await startRedis()
})

afterAll(async () => {
  for (const cache of caches) await cache.close()
  await redis.stop()
})

test('what one process loaded is a hit in another, dates included, and no key shows the secret', async () => {
  const [one, two] = [await join('shared'), await join('shared')]
  await one.byKey('sk-secret')
  await one.cache.drain()
  const account = await two.byKey('sk-secret')
  expect(account).toEqual({ id: 9, opened: new Date(0) })
  expect([one.loads, two.loads]).toEqual([1, 0])
  const keys = (await redis.command('KEYS', '*')) as string[]
  expect(keys.some((key) => key.includes('fleet:by_key'))).toBe(true)
  expect(keys.join(' ')).not.toContain('sk-secret')
})

test('a batch loads in each process only what no process has', async () => {
  const [one, two] = [await join('batches'), await join('batches')]
  await one.byIds([1, 2])
  await one.cache.drain()
  expect(await two.byIds([1, 2])).toEqual(
    new Map([
      [1, { id: 1, opened: new Date(1) }],
      [2, { id: 2, opened: new Date(2) }],
    ]),
  )
  expect([one.loads, two.loads]).toEqual([1, 0])
})

test('an invalidation and a write-through in one process are seen in the other', async () => {
  const [one, two] = [await join('fleet'), await join('fleet')]
  await one.byKey('sk-1')
  await two.byKey('sk-1')
  expect(await two.close(4)).toBe('closed')
  await expect.poll(async () => (await one.cache.observe(() => one.byKey('sk-1'))).tier).not.toBe('l1')
  await two.rotate('sk-1')
  await expect.poll(async () => (await one.byKey('sk-1')).id).toBe(99)
})

test('required tells that Redis did not take it, and keeps the result', async () => {
  const server = await startRedis()
  const cache = createCache({ namespace: 'required', redis: server.url, pepper: 'a pepper of sixteen bytes' })
  await cache.ready()
  const accounts = new Accounts(cache)
  await server.stop()
  const failed = await rejectionOf(accounts.close(1))
  expect(failed).toBeInstanceOf(InvalidationFailed)
  expect(failed).toMatchObject({ result: 'closed', cause: { code: 'INVALIDATION_NOT_DELIVERED' } })
  await cache.close()
})

test('who follows a bookmark sees through decorated methods what a decorated method of another process changed', async () => {
  const [reader, writer] = [await join('followed'), await join('followed')]
  for (const apiKey of ['sk-1', 'sk-22']) {
    await reader.byKey(apiKey)
    await reader.cache.drain()
    const bookmark = await writer.cache.follow(undefined, async () => {
      await writer.close(apiKey.length)
      return writer.cache.bookmark()
    })
    const loads = reader.loads
    await reader.cache.follow(bookmark, () => reader.byKey(apiKey))
    expect(reader.loads).toBe(loads + 1)
  }
})
