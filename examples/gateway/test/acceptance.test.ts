import { createCache } from '@granary/core'
import { type RedisServer, startRedis } from '@granary/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGateway, type Gateway } from '../src/gateway.ts'
import { at, configFor, goodKeys, SECRETS, type SeededDatabase, startSeededDatabase } from './fixture.ts'

/** What the guide asks of the system, on a real Redis and a real PostgreSQL. */
let seeded: SeededDatabase
let redis: RedisServer
let gateway: Gateway

beforeAll(async () => {
  ;[seeded, redis] = await Promise.all([startSeededDatabase(), startRedis()])
  // A warning is what the guide wants when Redis goes; here it would only disturb the test's output.
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const cache = createCache({ namespace: 'acceptance', redis: redis.url, pepper: 'a pepper for tests only', logger })
  await cache.ready()
  gateway = createGateway(seeded.database, configFor(seeded.url), cache)
})

afterAll(async () => {
  await gateway.close()
  await Promise.all([redis.stop(), seeded.stop()])
})

async function total(plaintext: string): Promise<number> {
  const response = await gateway.app.inject({ url: '/user/balance', headers: { authorization: `Bearer ${plaintext}` } })
  expect(response.statusCode).toBe(200)
  return Number((response.json() as { total: string }).total)
}

async function addTen(userId: number) {
  const response = await gateway.app.inject({
    method: 'POST',
    url: '/admin/add_credits',
    headers: { authorization: `Bearer ${SECRETS.adminToken}` },
    payload: { userId, amount: '10', requestId: crypto.randomUUID() },
  })
  expect(response.statusCode).toBe(200)
  return response
}

describe("the guide's acceptance", () => {
  test('credits are added: the next read shows ten more', async () => {
    const { plaintext, userId } = at(goodKeys(seeded.accounts), 0)
    const before = await total(plaintext)
    expect(await total(plaintext)).toBe(before)
    const changed = await addTen(userId)
    expect(changed.headers['granary-invalidation']).toBe('delivered')
    expect(await total(plaintext)).toBe(before + 10)
  })

  test('the second read asks the database nothing', async () => {
    const { plaintext } = at(goodKeys(seeded.accounts), 1)
    await total(plaintext)
    const before = gateway.queries.queries
    await total(plaintext)
    expect(gateway.queries.queries).toBe(before)
  })

  test('Redis is killed in the middle: answers stay right and no error surfaces, and when it is back it is used again', async () => {
    const { plaintext, userId } = at(goodKeys(seeded.accounts), 2)
    const before = await total(plaintext)
    await redis.kill()
    expect(await total(plaintext)).toBe(before)
    const changed = await addTen(userId)
    expect(changed.headers['granary-invalidation']).toBe('queued')
    expect(await total(plaintext)).toBe(before + 10)
    await addTen(userId)
    expect(await total(plaintext)).toBe(before + 20)
    const { cache } = (await gateway.app.inject('/health')).json() as { cache: { status: string } }
    expect(cache.status).toBe('degraded')
    await redis.restart()
    await gateway.cache.whenDelivered()
    expect(await total(plaintext)).toBe(before + 20)
    await expect.poll(() => gateway.cache.health().status, { timeout: 5_000 }).toBe('ok')
    await total(plaintext)
    const queries = gateway.queries.queries
    expect(await total(plaintext)).toBe(before + 20)
    expect(gateway.queries.queries).toBe(queries)
  })
})
