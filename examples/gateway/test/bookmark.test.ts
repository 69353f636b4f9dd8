import { createCache } from '@granary/core'
import { startFaultProxy, startRedis } from '@granary/testing'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createGateway } from '../src/gateway.ts'
import { at, configFor, goodKeys, SECRETS, type SeededDatabase, startSeededDatabase } from './fixture.ts'

let seeded: SeededDatabase
let redis: Awaited<ReturnType<typeof startRedis>>

beforeAll(async () => {
  ;[seeded, redis] = await Promise.all([startSeededDatabase(), startRedis()])
})
afterAll(() => Promise.all([seeded.stop(), redis.stop()]))

test('a client that brings its bookmark sees its change on a node that has not heard of it, others a little later', async () => {
  const proxy = await startFaultProxy({ target: redis })
  const node = createGateway(
    seeded.database,
    configFor(seeded.url),
    createCache({ namespace: 'gateway', redis: proxy.url, pepper: 'a pepper of sixteen bytes', maxStaleness: '30s' }),
  )
  const elsewhere = createCache({ namespace: 'gateway', redis: redis.url })
  onTestFinished(async () => {
    await node.close()
    await elsewhere.close()
    await proxy.stop()
  })
  await Promise.all([node.cache.ready(), elsewhere.ready()])
  const { plaintext, userId } = at(goodKeys(seeded.accounts), 0)
  const queriesFor = async (bookmark?: string) => {
    const before = node.queries.queries
    const headers = {
      authorization: `Bearer ${plaintext}`,
      ...(bookmark === undefined ? {} : { 'granary-bookmark': bookmark }),
    }
    const { statusCode } = await node.app.inject({ method: 'GET', url: '/user/balance', headers })
    expect(statusCode).toBe(200)
    await node.cache.drain()
    return node.queries.queries - before
  }
  await expect.poll(() => queriesFor()).toBe(0)
  await proxy.inject({ kind: 'hang', direction: 'down', connections: (each) => each.sent('SUBSCRIBE') })
  const receipt = await elsewhere.invalidateTags([`credits:${userId}`])
  expect(await queriesFor()).toBe(0)
  expect(await queriesFor(receipt.delivered ? receipt.bookmark : undefined)).toBe(1)
})

test('a change is answered with a bookmark, and a look is not', async () => {
  const cache = createCache({ namespace: 'marks', redis: redis.url, pepper: 'a pepper of sixteen bytes' })
  await cache.ready()
  const node = createGateway(seeded.database, configFor(seeded.url), cache)
  onTestFinished(() => node.close())
  const base = await node.app.listen({ port: 0, host: '127.0.0.1' })
  const { plaintext, userId } = at(goodKeys(seeded.accounts), 1)
  const changed = await fetch(`${base}/admin/set-tier`, {
    method: 'POST',
    headers: { authorization: `Bearer ${SECRETS.adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ userId, tier: 'max' }),
  })
  expect(changed.status).toBe(200)
  const { [2]: sequence } = /^([0-9a-z]+)\.([0-9a-z]+)$/.exec(changed.headers.get('granary-bookmark') ?? '') ?? []
  expect(Number.parseInt(sequence ?? '0', 36)).toBeGreaterThan(0)
  const looked = await fetch(`${base}/user/plan`, { headers: { authorization: `Bearer ${plaintext}` } })
  expect(looked.headers.get('granary-bookmark')).toBeNull()
})
