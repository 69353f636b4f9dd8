import { createCache } from '@granary/core'
import { cacheGraph } from '@granary/decorators'
import { type RedisServer, startRedis } from '@granary/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fleet } from '../demo/fleet/fleet.ts'
import type { Database, Queryable } from '../src/database/database.ts'
import { createGateway, type Gateway } from '../src/gateway.ts'
import { createServices, type Services } from '../src/services/services.ts'
import { at, configFor, goodKeys, SECRETS, type SeededDatabase, startSeededDatabase } from './fixture.ts'

/** What went wrong in the system that this example rebuilds, each as something that cannot happen here. */
let seeded: SeededDatabase
let redis: RedisServer
let gateway: Gateway
let services: Services
const pepper = 'a pepper for tests only'

beforeAll(async () => {
  ;[seeded, redis] = await Promise.all([startSeededDatabase(60), startRedis()])
  const cache = createCache({ namespace: 'incidents', redis: redis.url, pepper })
  await cache.ready()
  gateway = createGateway(seeded.database, configFor(seeded.url), cache)
  services = gateway.services
})

afterAll(async () => {
  await gateway.close()
  await Promise.all([redis.stop(), seeded.stop()])
})

const key = (index: number) => at(goodKeys(seeded.accounts), index)
const requestId = () => crypto.randomUUID()

describe('authentication and money', () => {
  test('incident 1: credits that are added show at once, whichever way the user was reached before', async () => {
    const { plaintext, userId } = key(0)
    await Promise.all([services.auth.validateKey(plaintext), services.auth.userByKey(plaintext)])
    const before = Number((await services.credits.balance(userId))?.total)
    await services.credits.add({ userId, amount: '10', requestId: requestId() })
    expect(Number((await services.credits.balance(userId))?.total)).toBe(before + 10)
  })

  test('incident 2: that authentication is cached is asserted, so it cannot be lost in a merge', async () => {
    const { plaintext } = key(1)
    const read = () => Promise.all([services.auth.validateKey(plaintext), services.auth.userByKey(plaintext)])
    await read()
    const before = gateway.queries.queries
    await read()
    expect(gateway.queries.queries).toBe(before)
  })

  test('incident 3: a debit is never authorised from a cached balance', async () => {
    const { userId } = key(2)
    await seeded.database.query('update users set subscription_allowance = 0, purchased_credits = 50 where id = $1', [
      userId,
    ])
    expect((await services.credits.balance(userId))?.total).toBe('50.0000')
    // Somebody spends behind the gateway's back: the cached balance is wrong now, and must not matter.
    await seeded.database.query('update users set purchased_credits = 1 where id = $1', [userId])
    expect((await services.credits.balance(userId))?.total).toBe('50.0000')
    const debit = services.credits.deduct({ userId, amount: '20', requestId: requestId() })
    await expect(debit).rejects.toMatchObject({ code: 'insufficient_credits' })
    const rows = await seeded.database.query('select purchased_credits as left from users where id = $1', [userId])
    expect(rows).toEqual([{ left: '1.0000' }])
  })

  test('incident 4: invalidation follows the commit, and a change that fails invalidates nothing', async () => {
    const { userId } = key(3)
    await services.auth.userById(userId)
    await expect(services.plans.assign(userId, 99_999)).rejects.toMatchObject({ code: 'not_found' })
    const before = gateway.queries.queries
    await services.auth.userById(userId)
    expect(gateway.queries.queries).toBe(before)
    await services.plans.assign(userId, 5)
    expect((await services.auth.userById(userId))?.tier).toBe('enterprise')
  })

  test('incident 5: a revoked key is dead at the next request, and a changed profile answers with the change', async () => {
    const { plaintext, userId, id } = key(4)
    await Promise.all([services.auth.validateKey(plaintext), services.auth.userByKey(plaintext)])
    await services.accounts.updateProfile(userId, { settings: { theme: 'changed' } })
    expect((await services.auth.userByKey(plaintext))?.settings).toEqual({ theme: 'changed' })
    await services.keyIssuer.revoke(userId, id)
    expect((await services.auth.validateKey(plaintext))?.isActive).toBe(false)
  })

  test('a key that was asked for before it existed works as soon as it is issued', async () => {
    const text = 'gw_live_abcdefghijklmnopqrstuvwxyz012345'
    const issuing = createServices(seeded.database, { keySalt: SECRETS.keySalt, generateKey: () => text })
    expect(await services.auth.validateKey(text)).toBeNull()
    expect(await services.auth.userByKey(text)).toBeNull()
    const { key: issued } = await issuing.keyIssuer.create(key(5).userId, { name: 'late', environment: 'live' })
    expect(await services.auth.validateKey(text)).toEqual(issued)
    expect((await services.auth.userByKey(text))?.id).toBe(key(5).userId)
  })
})

describe('the catalog', () => {
  test('incident 6: no two methods share a name, so no two shapes share a key', () => {
    const names = cacheGraph().methods.flatMap(({ kind, name }) => (kind === 'cached' ? [name] : []))
    expect(new Set(names).size).toBe(names.length)
  })

  test('incident 8: every parameter of a query is part of its key', async () => {
    const queries = [
      {},
      { limit: 2 },
      { limit: 2, offset: 2 },
      { limit: 2, unique: true },
      { limit: 2, provider: 'openai' },
      { limit: 2, provider: 'mistral' },
    ]
    const cached = await Promise.all(queries.map((query) => services.catalog.search(query)))
    const fresh = await gateway.cache.bypass(() => Promise.all(queries.map((query) => services.catalog.search(query))))
    expect(await Promise.all(queries.map((query) => services.catalog.search(query)))).toEqual(fresh)
    expect(cached).toEqual(fresh)
    expect(new Set(fresh.map((page) => JSON.stringify(page))).size).toBe(queries.length)
  })

  test('incidents 10 and 13: a synchronisation is one transaction with one invalidation after it', async () => {
    const sent: unknown[] = []
    const unsubscribe = gateway.cache.on('invalidation-sent', (event) => sent.push(event))
    const models = seeded.catalog.models.map((model) => ({ ...model, description: 'synchronised' }))
    const summary = await services.catalogAdmin.sync({ ...seeded.catalog, models })
    unsubscribe()
    expect(summary.changed).toHaveLength(models.length)
    expect(sent).toHaveLength(1)
    expect((await services.catalog.full()).every(({ description }) => description === 'synchronised')).toBe(true)
    expect(await services.catalogAdmin.sync({ ...seeded.catalog, models })).toEqual({ providers: [], changed: [] })
  })

  test('incident 13: what is loaded while a synchronisation runs is not kept once it is done', async () => {
    const half = gateway.cache.refresh(() =>
      loadDuring(async () => {
        await services.catalogAdmin.setModelPrice('openai/gpt-4o', price('0.000000000000001'))
      }),
    )
    await half
    expect((await services.catalog.model('openai/gpt-4o'))?.price?.input).toBe('0.000000000000001')
  })

  test('incident 12: the whole catalog never lags behind one of its models', async () => {
    await services.catalog.full()
    await services.catalogAdmin.setModelPrice('openai/gpt-4o', price('0.000000000000002'))
    const whole = await services.catalog.full()
    expect(whole.find(({ id }) => id === 'openai/gpt-4o')?.price?.input).toBe('0.000000000000002')
  })

  test('incident 14: a failing query is an error to its caller and is not remembered, and an empty source is refused', async () => {
    const broken: Database = { ...seeded.database, query: () => Promise.reject(new Error('the database is away')) }
    const failing = createServices(broken, SECRETS)
    const id = 'mistral/mistral-large-latest'
    await expect(failing.catalog.model(id)).rejects.toThrow('the database is away')
    expect(await services.catalog.model(id)).toMatchObject({ id })
    const empty = { providers: seeded.catalog.providers, models: [] }
    await expect(services.catalogAdmin.sync(empty)).rejects.toThrow('no models')
    expect((await services.catalog.full()).length).toBe(seeded.catalog.models.length)
  })

  test('incident 17: nothing is cached without an end', () => {
    const cached = cacheGraph().methods.filter(({ kind }) => kind === 'cached')
    expect(cached.every(({ ttl }) => ttl !== undefined)).toBe(true)
  })

  test('incident 31: the tag of a page is a hash of its content, the same in every process and after every restart', async () => {
    const etags = []
    for (const namespace of ['one', 'two']) {
      const other = createGateway(seeded.database, configFor(seeded.url), createCache({ namespace }))
      etags.push((await other.app.inject('/models?provider=openai')).headers['etag'])
      await other.close()
    }
    expect(etags[0]).toMatch(/^"/)
    expect(etags[1]).toBe(etags[0])
  })
})

/** Loads a model, and lets `change` happen after its row was read and before the load ends. */
async function loadDuring(change: () => Promise<void>): Promise<unknown> {
  const query: Queryable['query'] = async (text, values) => {
    const rows = await seeded.database.query(text, values)
    await change()
    return rows as never
  }
  return createServices({ ...seeded.database, query }, SECRETS).catalog.model('openai/gpt-4o')
}

function price(input: string) {
  return { input, output: '0.000001', request: '0', source: 'manual' }
}

describe('several processes', () => {
  let fleet: Fleet

  beforeAll(async () => {
    fleet = await Fleet.start(2, {
      DATABASE_URL: seeded.url,
      REDIS_URL: redis.url,
      GRANARY_PEPPER: pepper,
      GRANARY_DISABLED: undefined,
      GATEWAY_NAMESPACE: 'incidents-fleet',
      GATEWAY_KEY_SALT: SECRETS.keySalt,
      GATEWAY_ADMIN_TOKEN: SECRETS.adminToken,
      GATEWAY_IDENTITY_SECRET: SECRETS.identitySecret,
    })
  })

  afterAll(() => fleet.stop())

  const send = (process: number, path: string, token: string, init: RequestInit = {}) =>
    fetch(`${fleet.origins[process]}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, ...init.headers },
    })

  test('incident 15: a key revoked in one process is refused by another within the promised second', async () => {
    const { plaintext, id } = key(6)
    expect((await send(1, '/user/profile', plaintext)).status).toBe(200)
    expect((await send(1, '/user/profile', plaintext)).status).toBe(200)
    const revoked = await send(0, `/user/api-keys/${id}`, plaintext, { method: 'DELETE' })
    expect(revoked.headers.get('granary-invalidation')).toBe('delivered')
    expect((await send(0, '/user/profile', plaintext)).status).toBe(401)
    await expect
      .poll(async () => (await send(1, '/user/profile', plaintext)).status, { timeout: 1_000, interval: 10 })
      .toBe(401)
  })

  test('incident 15: a price changed in one process is the price in another within the promised second', async () => {
    const id = 'openai/gpt-4o-mini'
    const shown = async () =>
      ((await (await fetch(`${fleet.origins[1]}/models/${id}`)).json()) as { price: { input: string } }).price.input
    await shown()
    const body = JSON.stringify({ id, input: '0.000123', output: '0.000456' })
    const headers = { 'content-type': 'application/json' }
    await send(0, '/admin/set-price', SECRETS.adminToken, { method: 'POST', body, headers })
    await expect.poll(shown, { timeout: 1_000, interval: 10 }).toBe('0.000123000000000')
  })
})

describe('the admin surface', () => {
  const routes = [
    ['GET', '/admin/cache/stats'],
    ['GET', '/admin/cache/delivered'],
    ['POST', '/admin/cache/invalidate'],
    ['POST', '/admin/look-up-key'],
    ['POST', '/admin/add_credits'],
    ['POST', '/admin/deduct_credits'],
    ['POST', '/admin/set-tier'],
    ['POST', '/admin/suspend-user'],
    ['POST', '/admin/reinstate-user'],
    ['POST', '/admin/assign-plan'],
    ['POST', '/admin/cancel-plan'],
    ['PUT', '/admin/plans/1'],
    ['POST', '/admin/convert-trial'],
    ['POST', '/admin/consume-trial'],
    ['GET', '/admin/rate-limits/config'],
    ['PUT', '/admin/rate-limits/config'],
    ['DELETE', '/admin/rate-limits/config'],
    ['POST', '/admin/model-sync/all'],
    ['POST', '/admin/upsert-model'],
    ['POST', '/admin/delist-model'],
    ['POST', '/admin/set-price'],
    ['POST', '/admin/set-provider'],
  ] as const

  test.each(routes)(
    'incident 33: %s %s refuses whoever has no admin token, before it looks at the request',
    async (method, url) => {
      for (const token of [undefined, key(7).plaintext, 'wrong']) {
        const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
        expect((await gateway.app.inject({ method, url, headers })).statusCode).toBe(401)
      }
    },
  )

  test('incident 33: with the token the same routes answer something else', async () => {
    const headers = { authorization: `Bearer ${SECRETS.adminToken}` }
    for (const [method, url] of routes) {
      expect([200, 204, 400, 415]).toContain((await gateway.app.inject({ method, url, headers })).statusCode)
    }
  })
})
