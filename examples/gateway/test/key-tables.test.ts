import { createCache } from '@granary/core'
import { auditCacheGraph, cacheGraph } from '@granary/decorators'
import { startRedis } from '@granary/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGateway, type Gateway } from '../src/gateway.ts'
import type { SeedKey } from '../src/seed/accounts.ts'
import { untilExpiry } from '../src/services/auth-service.ts'
import type { Services } from '../src/services/services.ts'
import { at, configFor, goodKeys, type SeededDatabase, startSeededDatabase } from './fixture.ts'

const MINUTE = 60_000

interface Sample {
  readonly plaintext: string
  readonly hash: string
  readonly userId: number
  readonly keyId: number
  readonly privyUserId: string
  readonly username: string
  readonly model: string
}

interface TableRow {
  /** As the guide writes it. */
  readonly pattern: string
  readonly name: string
  readonly minutes: number
  readonly secret?: true
  readonly call: (services: Services, sample: Sample) => Promise<unknown>
}

const AUTHENTICATION: TableRow[] = [
  {
    pattern: 'auth:api_key:{key}',
    name: 'auth:api_key',
    minutes: 10,
    secret: true,
    call: (s, k) => s.auth.validateKey(k.plaintext),
  },
  {
    pattern: 'auth:key_user:{key}',
    name: 'auth:key_user',
    minutes: 5,
    secret: true,
    call: (s, k) => s.auth.userByKey(k.plaintext),
  },
  { pattern: 'auth:user_id:{id}', name: 'auth:user_id', minutes: 5, call: (s, k) => s.auth.userById(k.userId) },
  {
    pattern: 'auth:privy_id:{id}',
    name: 'auth:privy_id',
    minutes: 5,
    call: (s, k) => s.auth.userByPrivyId(k.privyUserId),
  },
  {
    pattern: 'auth:username:{name}',
    name: 'auth:username',
    minutes: 5,
    call: (s, k) => s.auth.userByUsername(k.username),
  },
]

const DATABASE: TableRow[] = [
  { pattern: 'db:user:{key}', name: 'db:user', minutes: 5, secret: true, call: (s, k) => s.users.byKey(k.plaintext) },
  { pattern: 'db:api_key:{hash}', name: 'db:api_key', minutes: 10, call: (s, k) => s.keys.byHash(k.hash) },
  { pattern: 'db:plan:{id}', name: 'db:plan', minutes: 10, call: (s) => s.plans.byId(1) },
  { pattern: 'db:trial:{id}', name: 'db:trial', minutes: 5, call: (s, k) => s.trials.status(k.keyId) },
  { pattern: 'db:rate_limit:{key}', name: 'db:rate_limit', minutes: 10, call: (s, k) => s.rateLimits.config(k.keyId) },
  { pattern: 'db:pricing:{model}', name: 'db:pricing', minutes: 30, call: (s, k) => s.pricing.forModel(k.model) },
  { pattern: 'db:credits:{user_id}', name: 'db:credits', minutes: 1, call: (s, k) => s.credits.balance(k.userId) },
]

const CATALOG: TableRow[] = [
  { pattern: 'models:catalog:full', name: 'models:catalog:full', minutes: 15, call: (s) => s.catalog.full() },
  {
    pattern: 'models:provider:{name}',
    name: 'models:provider',
    minutes: 30,
    call: (s) => s.catalog.byProvider('openai'),
  },
  { pattern: 'models:model:{id}', name: 'models:model', minutes: 60, call: (s, k) => s.catalog.model(k.model) },
  { pattern: 'models:pricing:{id}', name: 'models:pricing', minutes: 60, call: (s, k) => s.catalog.pricing(k.model) },
]

const TABLES = [
  { table: 'authentication', rows: AUTHENTICATION },
  { table: 'database', rows: DATABASE },
  { table: 'model catalog', rows: CATALOG },
]

let seeded: SeededDatabase
let redis: Awaited<ReturnType<typeof startRedis>>
let gateway: Gateway
let sample: Sample

beforeAll(async () => {
  ;[seeded, redis] = await Promise.all([startSeededDatabase(), startRedis()])
  const cache = createCache({ namespace: 'gateway', redis: redis.url, pepper: 'a pepper for tests only' })
  await cache.ready()
  gateway = createGateway(seeded.database, configFor(seeded.url), cache)
  const key = at(goodKeys(seeded.accounts).filter(hasIdentityAndTrial), 0)
  const user = at(seeded.accounts.users, key.userId - 1)
  sample = {
    plaintext: key.plaintext,
    hash: await hashOf(key.id),
    userId: user.id,
    keyId: key.id,
    privyUserId: user.privyUserId ?? '',
    username: user.username,
    model: 'openai/gpt-4o',
  }
})

afterAll(async () => {
  await gateway.close()
  await Promise.all([redis.stop(), seeded.stop()])
})

/** The trial table needs a key on trial, the table of users one with an identity. */
function hasIdentityAndTrial({ userId, isTrial }: SeedKey): boolean {
  return isTrial && seeded.accounts.users[userId - 1]?.privyUserId !== null
}

async function hashOf(keyId: number): Promise<string> {
  const rows = await seeded.database.query<{ key_hash: string }>('select key_hash from api_keys_new where id = $1', [
    keyId,
  ])
  return at(rows, 0).key_hash
}

describe.each(TABLES)("the guide's table of $table keys", ({ rows }) => {
  test.each(rows)('$pattern is a cached method that keeps its value for $minutes minutes', ({ name, minutes }) => {
    const found = cacheGraph().methods.filter((method) => method.kind === 'cached' && method.name === name)
    expect(found).toHaveLength(1)
    // The only ttl that depends on its value is that of a key which ends earlier; see below.
    expect(found[0]?.ttl).toBe(name === 'auth:api_key' ? 'by value' : `${minutes}m`)
  })

  test.each(rows)('$pattern stands in Redis with this life, and in no readable form when it is secret', async (row) => {
    expect(await row.call(gateway.services, sample)).not.toBeNull()
    await gateway.cache.drain()
    const keys = await entriesOf(row.name)
    expect(keys).toHaveLength(1)
    const left = Number(await redis.command('PTTL', at(keys, 0)))
    expect(left).toBeGreaterThan(0.85 * row.minutes * MINUTE)
    expect(left).toBeLessThan(1.15 * row.minutes * MINUTE + staleWindow(row.name))
    if (row.secret === true) expect(at(keys, 0)).not.toContain(sample.plaintext)
    else expect(at(keys, 0)).toMatch(/^gateway:/)
  })
})

async function entriesOf(name: string): Promise<string[]> {
  const all = (await redis.command('KEYS', `gateway:${name}:*`)) as string[]
  return all.filter((key) => key.slice(`gateway:${name}:`.length).match(/^\d+(:|$)/))
}

/** Beyond its ttl an entry of these stays in Redis, to be served while it is loaded anew. */
function staleWindow(name: string): number {
  if (name === 'models:catalog:full') return 5 * MINUTE
  return name === 'models:provider' ? 10 * MINUTE : 0
}

test('a key that ends within ten minutes is remembered until its end, one that has ended for as long as any other', () => {
  const key = { id: 1, userId: 1, last4: '', name: '', environment: 'live', isPrimary: true, isActive: true } as const
  const rest = { isTrial: false, scopePermissions: {}, ipAllowlist: [], domainReferrers: [], createdAt: new Date() }
  const ending = (minutes: number) =>
    untilExpiry({ ...key, ...rest, expiresAt: new Date(Date.now() + minutes * MINUTE) })
  expect(untilExpiry({ ...key, ...rest, expiresAt: null })).toBe('10m')
  expect(ending(60)).toBe('10m')
  expect(Number(ending(3).replace('ms', ''))).toBeCloseTo(3 * MINUTE, -3)
  expect(ending(-3)).toBe('10m')
})

test('no key of a user stands anywhere in Redis, neither in a key nor in a value', async () => {
  for (const { rows } of TABLES) for (const row of rows) await row.call(gateway.services, sample)
  await gateway.cache.drain()
  const keys = (await redis.command('KEYS', '*')) as string[]
  expect(keys.length).toBeGreaterThan(15)
  for (const key of keys) {
    expect(key).not.toContain(sample.plaintext)
    if ((await redis.command('TYPE', key)) !== 'string') continue
    const value = (await redis.commandBytes('GET', key)) as Buffer
    expect(value.includes(sample.plaintext)).toBe(false)
  }
})

test('every cached method has a ttl, and every tag that is stored is invalidated by some method', () => {
  const cached = cacheGraph().methods.filter(({ kind }) => kind === 'cached')
  expect(cached.length).toBeGreaterThanOrEqual(20)
  expect(cached.filter(({ ttl }) => ttl === undefined)).toEqual([])
  expect(auditCacheGraph()).toEqual([])
})
