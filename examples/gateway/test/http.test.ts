import { createCache } from '@granary/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decideAccess } from '../src/domain/access.ts'
import type { ApiKey } from '../src/domain/api-key.ts'
import { createGateway, type Gateway } from '../src/gateway.ts'
import { matches } from '../src/http/etag.ts'
import { signIdentity, verifyIdentity } from '../src/http/identity.ts'
import type { SeedKey } from '../src/seed/accounts.ts'
import type { UserOfKey } from '../src/services/account-queries.ts'
import { at, configFor, goodKeys, SECRETS, type SeededDatabase, startSeededDatabase } from './fixture.ts'

let seeded: SeededDatabase
let gateway: Gateway
let keys: SeedKey[]

beforeAll(async () => {
  seeded = await startSeededDatabase()
  gateway = createGateway(seeded.database, configFor(seeded.url), createCache({ namespace: 'http' }))
  keys = goodKeys(seeded.accounts)
})

afterAll(async () => {
  await gateway.close()
  await seeded.stop()
})

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

async function send(method: Method, url: string, token?: string, payload?: object) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await gateway.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) })
  const body: unknown = response.body === '' ? undefined : JSON.parse(response.body)
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every route
  return { status: response.statusCode, headers: response.headers, body: body as any }
}

describe('who gets in', () => {
  test('a good key does, and the answer says how long that took to find out', async () => {
    const { status, headers, body } = await send('GET', '/user/profile', at(keys, 0).plaintext)
    expect(status).toBe(200)
    expect(headers['server-timing']).toMatch(/^auth;dur=\d/)
    expect(body['user']).toMatchObject({ id: at(keys, 0).userId })
    expect(JSON.stringify(body)).not.toContain(at(keys, 0).plaintext)
  })

  test.each([
    ['no key', undefined],
    ['something that is no key', 'hello'],
    ['a key that was never issued', 'gw_live_00000000000000000000000000000000'],
  ])('%s does not', async (_case, token) => {
    expect(await send('GET', '/user/profile', token)).toMatchObject({
      status: 401,
      body: { error: { code: 'invalid_api_key' } },
    })
  })

  test('what is no key is refused without asking the cache or the database', async () => {
    const before = gateway.queries.queries
    await send('GET', '/user/profile', 'gw_live_short')
    expect(gateway.queries.queries).toBe(before)
  })

  test('an expired key does not, and neither does a key of a suspended user', async () => {
    const expired = seeded.accounts.keys.find(
      ({ expiresAt, isActive }) => isActive && expiresAt !== null && expiresAt < new Date(),
    )
    if (expired !== undefined) expect((await send('GET', '/user/balance', expired.plaintext)).status).toBe(401)
    const { plaintext, userId } = at(keys, 1)
    await send('POST', '/admin/suspend-user', SECRETS.adminToken, { userId })
    expect(await send('GET', '/user/balance', plaintext)).toMatchObject({
      status: 403,
      body: { error: { code: 'suspended' } },
    })
    await send('POST', '/admin/reinstate-user', SECRETS.adminToken, { userId })
    expect((await send('GET', '/user/balance', plaintext)).status).toBe(200)
  })

  test('a key may be bound to addresses and to referrers', () => {
    const context = { ip: '10.0.0.1', referrer: 'https://app.example.com/page', now: new Date() }
    const key = { isActive: true, expiresAt: null, ipAllowlist: [], domainReferrers: [] } as unknown as ApiKey
    const user = { isActive: true } as UserOfKey
    const codeOf = (changes: Partial<ApiKey>) => {
      const verdict = decideAccess({ ...key, ...changes }, user, context)
      return verdict.admitted ? 'admitted' : verdict.code
    }
    expect(codeOf({})).toBe('admitted')
    expect(codeOf({ ipAllowlist: ['10.0.0.1'] })).toBe('admitted')
    expect(codeOf({ ipAllowlist: ['10.0.0.2'] })).toBe('address_not_allowed')
    expect(codeOf({ domainReferrers: ['app.example.com'] })).toBe('admitted')
    expect(codeOf({ domainReferrers: ['example.com'] })).toBe('referrer_not_allowed')
  })
})

describe('registration, login and keys', () => {
  test('who registers gets a key on trial that works, and can log in with the identity they registered with', async () => {
    const identity = signIdentity({ privyUserId: 'did:privy:new', username: null }, SECRETS.identitySecret)
    expect((await send('POST', '/auth/login', undefined, { identity })).status).toBe(404)
    const registered = await send('POST', '/auth/register', undefined, {
      username: 'ada',
      email: 'ada@example.com',
      identity,
    })
    expect(registered.status).toBe(201)
    const profile = await send('GET', '/user/profile', registered.body.apiKey)
    expect(profile.body).toMatchObject({ user: { username: 'ada' }, trial: { state: 'active', usedRequests: 0 } })
    const login = await send('POST', '/auth/login', undefined, { identity })
    expect(login.body).toMatchObject({ user: { username: 'ada' }, keys: [{ name: 'primary', isTrial: true }] })
    const again = await send('POST', '/auth/register', undefined, { username: 'ada', email: 'other@example.com' })
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'already_taken' } } })
  })

  test('who registered without an identity is recognised by name at the first login, and by identity afterwards', async () => {
    await send('POST', '/auth/register', undefined, { username: 'bob', email: 'bob@example.com' })
    const login = (identity: Parameters<typeof signIdentity>[0]) =>
      send('POST', '/auth/login', undefined, { identity: signIdentity(identity, SECRETS.identitySecret) })
    expect((await login({ privyUserId: 'did:privy:bob', username: 'bob' })).status).toBe(200)
    expect((await login({ privyUserId: 'did:privy:bob', username: null })).body).toMatchObject({
      user: { username: 'bob' },
    })
    // Somebody else's identity does not get at a name that has one.
    expect((await login({ privyUserId: 'did:privy:mallory', username: 'bob' })).status).toBe(404)
  })

  test('an identity that the provider did not sign is refused', async () => {
    const forged = signIdentity({ privyUserId: 'did:privy:bob', username: null }, 'another secret of theirs')
    expect(await send('POST', '/auth/login', undefined, { identity: forged })).toMatchObject({ status: 401 })
    expect(() => verifyIdentity('nonsense', SECRETS.identitySecret)).toThrow('identity token')
  })

  test('a key lives from its creation through its changes to its end, each in force at the next request', async () => {
    const { plaintext: owner } = at(keys, 2)
    const created = await send('POST', '/user/api-keys', owner, { name: 'laptop', environment: 'test' })
    const { id } = created.body.key
    const text: string = created.body.apiKey
    expect(text).toMatch(/^gw_test_/)
    expect((await send('GET', '/user/profile', text)).body.key).toMatchObject({ name: 'laptop' })
    await send('PUT', `/user/api-keys/${id}`, owner, { name: 'desktop' })
    expect((await send('GET', '/user/profile', text)).body.key).toMatchObject({ name: 'desktop' })
    const rotated = await send('POST', `/user/api-keys/${id}/rotate`, owner)
    expect((await send('GET', '/user/profile', text)).status).toBe(401)
    const newText: string = rotated.body.apiKey
    expect((await send('GET', '/user/profile', newText)).status).toBe(200)
    await send('DELETE', `/user/api-keys/${id}`, owner)
    expect((await send('GET', '/user/profile', newText)).status).toBe(401)
    expect((await send('GET', '/user/api-keys', owner)).body.keys).toContainEqual(
      expect.objectContaining({ id, isActive: false }),
    )
  })

  test('nobody touches a key of somebody else', async () => {
    const [mine, theirs] = [at(keys, 3), at(keys, 4)]
    expect((await send('DELETE', `/user/api-keys/${theirs.id}`, mine.plaintext)).status).toBe(404)
    expect((await send('GET', '/user/profile', theirs.plaintext)).status).toBe(200)
  })
})

describe('the catalog over HTTP', () => {
  test('carries a strong tag of its content: unchanged content costs a 304, changed content comes anew', async () => {
    const first = await send('GET', '/models?provider=mistral')
    const etag = first.headers['etag'] as string
    expect(etag).toMatch(/^"[\w-]{43}"$/)
    const again = async () =>
      gateway.app.inject({ url: '/models?provider=mistral', headers: { 'if-none-match': etag } })
    expect(await again()).toMatchObject({ statusCode: 304, body: '' })
    await send('POST', '/admin/delist-model', SECRETS.adminToken, { id: 'mistral/mistral-large-latest' })
    const changed = await again()
    expect(changed.statusCode).toBe(200)
    expect(changed.headers['etag']).not.toBe(etag)
    await send('POST', '/admin/model-sync/mistral', SECRETS.adminToken)
    // The content is what it was, and so is its tag.
    expect((await again()).statusCode).toBe(304)
  })

  test('answers pages, and one offer per model when asked', async () => {
    const page = await send('GET', '/models?limit=3&offset=2')
    expect(page.body).toMatchObject({ total: seeded.catalog.models.length })
    expect(page.body.models).toHaveLength(3)
    const unique = await send('GET', '/models?unique=true&limit=500')
    const names = unique.body.models.map(({ name }: { name: string }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(unique.body.total).toBe(new Set(seeded.catalog.models.map(({ name }) => name)).size)
  })

  test('finds models whose names have slashes, and says so when there is none', async () => {
    const id = at(seeded.catalog.models, 0)
    const found = await send('GET', `/models/${id.provider}/${encodeURIComponent(id.id)}`)
    expect(found.body).toMatchObject({ id: `${id.provider}/${id.id}` })
    expect((await send('GET', '/models/openai/no-such/model')).status).toBe(404)
    expect((await send('GET', '/models?limit=nonsense')).status).toBe(400)
  })

  test('tags compare as RFC 9110 says', () => {
    expect(matches('"a", "b"', '"b"')).toBe(true)
    expect(matches('W/"b"', '"b"')).toBe(true)
    expect(matches('*', '"b"')).toBe(true)
    expect(matches('"a"', '"b"')).toBe(false)
    expect(matches(undefined, '"b"')).toBe(false)
  })
})

describe('administration', () => {
  test('says how its caches do, and forgets by tag', async () => {
    const { plaintext, userId } = at(keys, 5)
    await send('GET', '/user/balance', plaintext)
    const { body } = await send('GET', '/admin/cache/stats', SECRETS.adminToken)
    expect(body['cache']).toMatchObject({ hit_rate_percent: expect.any(Number), redis_available: false })
    expect(body['database']).toMatchObject({ queries: expect.any(Number) })
    const before = gateway.queries.queries
    await send('POST', '/admin/cache/invalidate', SECRETS.adminToken, { tags: [`credits:${userId}`] })
    await send('GET', '/user/balance', plaintext)
    expect(gateway.queries.queries).toBe(before + 1)
  })

  test('refuses what is no amount, no such user, and what the balance does not cover', async () => {
    const move = (body: object) => send('POST', '/admin/deduct_credits', SECRETS.adminToken, body)
    const requestId = crypto.randomUUID()
    expect((await move({ userId: 1, amount: '0', requestId })).status).toBe(400)
    expect((await move({ userId: 1, amount: 1.5, requestId: 'x' })).status).toBe(400)
    expect((await move({ userId: 99_999, amount: '1', requestId })).status).toBe(404)
    expect((await move({ userId: 1, amount: '900000', requestId })).status).toBe(402)
  })

  test('tells whether every process heard of a change; without Redis there is no other process', async () => {
    const { userId } = at(keys, 6)
    const { headers } = await send('POST', '/admin/set-tier', SECRETS.adminToken, { userId, tier: 'max' })
    expect(headers['granary-invalidation']).toBe('delivered')
    expect((await send('GET', '/admin/cache/delivered', SECRETS.adminToken)).status).toBe(204)
  })

  test('is well as long as the database answers', async () => {
    expect(await send('GET', '/health')).toMatchObject({ status: 200, body: { status: 'ok', database: true } })
    expect(await send('GET', '/health/quick')).toMatchObject({ status: 200, body: { status: 'healthy' } })
    expect(await send('GET', '/nowhere')).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
  })
})
