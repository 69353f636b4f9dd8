import type { AddressInfo } from 'node:net'
import { createCache } from '@granary/core'
import { type RedisServer, startRedis } from '@granary/testing'
import { Agent, fetch, type Response } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ChatChunk, ChatCompletion } from '../src/chat/completion.ts'
import { FakeProvider } from '../src/chat/fake-provider.ts'
import { DEFAULT_RATE_LIMITS, type RateLimits } from '../src/domain/rate-limits.ts'
import { createGateway, type Gateway } from '../src/gateway.ts'
import { at, configFor, goodKeys, SECRETS, type SeededDatabase, startSeededDatabase } from './fixture.ts'

/** The chat route within the limits of keys, on a real Redis, over real sockets where streams are about. */
let seeded: SeededDatabase
let redis: RedisServer
let gateway: Gateway
let origin: string
let model: string
let nextKey = 0
/** Connections of its own: a client opens another one after it broke one off, and the server would wait for it. */
const agent = new Agent()
const provider = new FakeProvider()
const INSTANT = { latency: { first: 0, perToken: 0 }, failure: undefined }
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

beforeAll(async () => {
  ;[seeded, redis] = await Promise.all([startSeededDatabase(), startRedis()])
  const cache = createCache({ namespace: 'chat', redis: redis.url, pepper: 'a pepper for tests only', logger })
  await cache.ready()
  gateway = createGateway(seeded.database, configFor(seeded.url), cache, {
    provider,
    // As patient as a busy machine may need.
    limiter: { logger, deadline: '5s' },
  })
  await gateway.limits.limiter.ready()
  await gateway.app.listen({ port: 0, host: '127.0.0.1' })
  origin = `http://127.0.0.1:${(gateway.app.server.address() as AddressInfo).port}`
  const { provider: slug, id } = at(seeded.catalog.models, 0)
  model = `${slug}/${id}`
})

afterEach(() => provider.set(INSTANT))

afterAll(async () => {
  await agent.destroy()
  await gateway.close()
  await Promise.all([redis.stop(), seeded.stop()])
})

/** A key that no other test has used, with limits of its own. */
async function freshKey(limits: Partial<RateLimits> = {}): Promise<{ id: number; plaintext: string }> {
  const key = at(goodKeys(seeded.accounts), nextKey++)
  const response = await admin('PUT', `config?keyId=${key.id}`, { ...DEFAULT_RATE_LIMITS, ...limits })
  expect(response.status).toBe(204)
  return key
}

function admin(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${origin}/admin/rate-limits/${path}`, {
    method,
    dispatcher: agent,
    headers: {
      authorization: `Bearer ${SECRETS.adminToken}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  })
}

interface Ask {
  readonly say?: string
  readonly stream?: boolean
  readonly max_tokens?: number
  readonly model?: string
  readonly signal?: AbortSignal
  /** Whether the response cache may answer: the limits are about what reaches the provider. */
  readonly cached?: boolean
}

function ask(
  { plaintext }: { plaintext: string },
  { say = 'hello', signal, cached = false, ...rest }: Ask = {},
): Promise<Response> {
  return fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    dispatcher: agent,
    headers: {
      authorization: `Bearer ${plaintext}`,
      'content-type': 'application/json',
      ...(cached ? {} : { 'cache-control': 'no-store' }),
    },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: say }], max_tokens: 64, ...rest }),
    ...(signal === undefined ? {} : { signal }),
  })
}

/** The user whose key it is. */
async function ownerOf({ plaintext }: { plaintext: string }): Promise<number | undefined> {
  return (await gateway.services.auth.userByKey(plaintext))?.id
}

interface Usage {
  readonly ok: boolean
  readonly limits: Record<string, { limit: number; remaining: number }>
}

async function usage({ id }: { id: number }): Promise<Usage> {
  return (await admin('GET', `usage?keyId=${id}`)).json() as Promise<Usage>
}

async function used(key: { id: number }, limit: string): Promise<number> {
  const standing = (await usage(key)).limits[limit]
  return standing === undefined ? Number.NaN : standing.limit - standing.remaining
}

/** The values of a stream of server-sent events. */
function eventsIn(text: string): unknown[] {
  const lines = text.split('\n\n').filter((event) => event !== '')
  return lines.map((line) => (line === 'data: [DONE]' ? 'done' : JSON.parse(line.slice('data: '.length))))
}

describe('a chat completion', () => {
  test("comes in OpenAI's shape and is charged what it really took, not what was reserved for it", async () => {
    const key = await freshKey()
    const response = await ask(key)
    expect(response.status).toBe(200)
    const completion = (await response.json()) as ChatCompletion
    expect(completion).toMatchObject({ object: 'chat.completion', model, choices: [{ finish_reason: 'stop' }] })
    expect(completion.usage.total_tokens).toBeLessThan(64)
    for (const limit of ['tokensPerMinute', 'tokensPerHour', 'tokensPerDay']) {
      await expect(used(key, limit)).resolves.toBe(completion.usage.total_tokens)
    }
    await expect(used(key, 'requestsPerMinute')).resolves.toBe(1)
    await expect(used(key, 'concurrent')).resolves.toBe(0)
    expect(response.headers.get('ratelimit-policy')).toContain('"tokensPerMinute";q=10000;w=60')
  })

  test('is the same for the same messages, streamed or not, and the stream says its usage last', async () => {
    const key = await freshKey()
    const whole = (await (await ask(key, { say: 'the same' })).json()) as ChatCompletion
    const response = await ask(key, { say: 'the same', stream: true })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const events = eventsIn(await response.text())
    expect(events.pop()).toBe('done')
    const chunks = events as ChatChunk[]
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
    expect(text).toBe(whole.choices[0]?.message.content)
    expect(chunks.at(-1)).toMatchObject({ object: 'chat.completion.chunk', choices: [], usage: whole.usage })
    await expect(used(key, 'tokensPerMinute')).resolves.toBe(2 * whole.usage.total_tokens)
  })

  test('of a model that is not on offer is a 404 that costs no tokens', async () => {
    const key = await freshKey()
    for (const stream of [false, true]) {
      expect((await ask(key, { model: 'nobody/nothing', stream })).status).toBe(404)
    }
    await expect(used(key, 'tokensPerMinute')).resolves.toBe(0)
    await expect(used(key, 'requestsPerMinute')).resolves.toBe(2)
    await expect(used(key, 'concurrent')).resolves.toBe(0)
  })

  test('that the provider fails costs no tokens and holds no place', async () => {
    const key = await freshKey()
    provider.set({ failure: Object.assign(new Error('overloaded'), { statusCode: 404, code: 'not_found' }) })
    for (const stream of [false, true]) expect((await ask(key, { stream })).status).toBe(404)
    await expect(used(key, 'tokensPerMinute')).resolves.toBe(0)
    await expect(used(key, 'concurrent')).resolves.toBe(0)
  })

  test('wants a key, and a body that is one', async () => {
    expect((await ask({ plaintext: 'gw_live_nobody' })).status).toBe(401)
    const key = await freshKey()
    expect((await ask(key, { max_tokens: 0 })).status).toBe(400)
    await expect(used(key, 'requestsPerMinute')).resolves.toBe(0)
  })
})

describe('an answer from the response cache', () => {
  test('costs no tokens, and says where it came from; it serves whole answers and streams', async () => {
    const key = await freshKey()
    const first = await ask(key, { say: 'cached?', cached: true })
    const { usage: took, choices } = (await first.json()) as ChatCompletion
    expect(first.headers.get('x-cache')).toBe('MISS')
    const calls = provider.calls
    const second = await ask(key, { say: 'cached?', cached: true })
    const third = await ask(key, { say: 'cached?', cached: true, stream: true })
    expect([second, third].map(({ headers }) => [headers.get('x-cache'), headers.get('x-cost')])).toEqual(
      Array(2).fill(['HIT', '0']),
    )
    expect(Number(second.headers.get('age'))).toBeGreaterThanOrEqual(0)
    expect(second.headers.get('cache-status')).toBe('granary; hit; detail=exact')
    expect(((await second.json()) as ChatCompletion).choices).toEqual(choices)
    const chunks = eventsIn(await third.text()).slice(0, -1) as ChatChunk[]
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(choices[0]?.message.content)
    expect(chunks.at(-1)?.usage).toEqual(took)
    expect(provider.calls).toBe(calls)
    await expect(used(key, 'tokensPerMinute')).resolves.toBe(took.total_tokens)
    await expect(used(key, 'requestsPerMinute')).resolves.toBe(3)
    await expect(used(key, 'concurrent')).resolves.toBe(0)
  })

  test('is nobody else’s, goes with its model’s tag, and no-store goes past it', async () => {
    const one = await freshKey()
    let other = await freshKey()
    while ((await ownerOf(other)) === (await ownerOf(one))) other = await freshKey()
    const say = 'whose answer is it?'
    const ways = async (key: { plaintext: string }, cached = true) =>
      (await ask(key, { say, cached })).headers.get('x-cache')
    expect([await ways(one), await ways(one), await ways(one, false)]).toEqual(['MISS', 'HIT', 'BYPASS'])
    expect([await ways(other), await ways(other)]).toEqual(['MISS', 'HIT'])
    await gateway.cache.invalidateTags([`model:${model}`])
    expect(await ways(one)).toBe('MISS')
  })

  test('is made once for all who ask at the same time', async () => {
    const key = await freshKey()
    provider.set({ latency: { first: 50, perToken: 0 } })
    const calls = provider.calls
    const answers = await Promise.all(
      [false, true, false, true, false].map((stream) => ask(key, { say: 'all at once', cached: true, stream })),
    )
    await Promise.all(answers.map((answer) => answer.text()))
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
    expect(provider.calls).toBe(calls + 1)
  })
})

describe('the limits of a key', () => {
  test.each([
    ['requestsPerMinute', 3],
    ['requestsPerHour', 4],
    ['requestsPerDay', 2],
    ['burstLimit', 3],
  ] as const)('%s: so many are let in, and the next is told which limit and when', async (limit, most) => {
    const key = await freshKey({ [limit]: most })
    const statuses = await Promise.all(Array.from({ length: most + 3 }, async () => (await ask(key)).status))
    expect(statuses.filter((status) => status === 200)).toHaveLength(most)
    const calls = provider.calls
    const refused = await ask(key)
    expect(refused.status).toBe(429)
    expect(refused.headers.get('content-type')).toContain('application/problem+json')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    const policy = limit === 'burstLimit' ? 'burst' : limit
    await expect(refused.json()).resolves.toMatchObject({
      status: 429,
      'violated-policies': [policy],
      error: { code: 'rate_limit_exceeded' },
    })
    expect(provider.calls).toBe(calls)
  })

  test.each(['tokensPerMinute', 'tokensPerHour', 'tokensPerDay'] as const)(
    '%s: what is reserved is held against others, what is settled is what counts',
    async (limit) => {
      const key = await freshKey({ [limit]: 200 })
      const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await ask(key)).status))
      // Each reserves 70 tokens, so three cannot run at once; when they are settled, far fewer are used.
      expect(statuses).toContain(429)
      const tokens = await used(key, limit)
      expect(tokens).toBeLessThanOrEqual(200)
      let sum = 0
      for (;;) {
        const response = await ask(key)
        if (response.status === 429) break
        sum += ((await response.json()) as ChatCompletion).usage.total_tokens
      }
      expect(tokens + sum).toBeLessThanOrEqual(200)
      expect(tokens + sum).toBeGreaterThan(200 - 70)
    },
  )

  test('change at the next request when an administrator changes them', async () => {
    const key = await freshKey({ requestsPerMinute: 1 })
    expect((await ask(key)).status).toBe(200)
    expect((await ask(key)).status).toBe(429)
    await admin('PUT', `config?keyId=${key.id}`, { ...DEFAULT_RATE_LIMITS, requestsPerMinute: 2 })
    await expect.poll(async () => (await ask(key)).status, { timeout: 5_000 }).toBe(200)
    expect((await ask(key)).status).toBe(429)
    await admin('DELETE', `usage?keyId=${key.id}`)
    await expect(used(key, 'requestsPerMinute')).resolves.toBe(0)
    expect((await ask(key)).status).toBe(200)
    await admin('POST', 'block', { keyId: key.id, seconds: 60 })
    const blocked = await ask(key)
    expect(blocked.status).toBe(429)
    await expect(blocked.json()).resolves.toMatchObject({ 'violated-policies': [] })
    await admin('POST', 'unblock', { keyId: key.id })
    expect((await ask(key)).status).toBe(200)
  })

  test('hold while Redis is away, and an answer that began with it ends without it', async () => {
    const key = await freshKey({ requestsPerMinute: 5 })
    expect((await ask(key)).status).toBe(200)
    provider.set({ latency: { first: 300, perToken: 0 } })
    const across = ask(key, { stream: true })
    await expect.poll(() => provider.running).toBe(1)
    await redis.kill()
    expect((await across).status).toBe(200)
    provider.set(INSTANT)
    const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await ask(key)).status))
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(3)
    expect(new Set(statuses)).toEqual(new Set([200, 429]))
    await redis.restart()
    await expect
      .poll(async () => ((await (await admin('GET', 'health')).json()) as { state: string }).state, { timeout: 10_000 })
      .toBe('redis')
    // Redis lost everything and was told again.
    expect((await ask(key)).status).toBe(429)
  })
})

describe('a place', () => {
  test('is held by a stream until its end', async () => {
    const key = await freshKey({ concurrencyLimit: 2 })
    provider.set({ latency: { first: 0, perToken: 20 } })
    const streams = await Promise.all([ask(key, { stream: true }), ask(key, { stream: true })])
    expect(streams.map(({ status }) => status)).toEqual([200, 200])
    await expect(used(key, 'concurrent')).resolves.toBe(2)
    const third = await ask(key)
    expect(third.status).toBe(429)
    await expect(third.json()).resolves.toMatchObject({ 'violated-policies': ['concurrent'] })
    await Promise.all(streams.map((response) => response.text()))
    await expect(used(key, 'concurrent')).resolves.toBe(0)
    provider.set(INSTANT)
    await expect.poll(async () => (await ask(key)).status).toBe(200)
  })

  test('is released when the client of a stream goes away, the provider is told, and what was said is charged', async () => {
    const key = await freshKey({ concurrencyLimit: 1 })
    provider.set({ latency: { first: 0, perToken: 50 } })
    const leaving = new AbortController()
    const response = await ask(key, { stream: true, signal: leaving.signal })
    const reader = response.body?.getReader()
    for (let chunk = 0; chunk < 3; chunk++) await reader?.read()
    expect(provider.running).toBe(1)
    await expect(used(key, 'concurrent')).resolves.toBe(1)
    leaving.abort()
    await expect.poll(() => used(key, 'concurrent'), { timeout: 5_000 }).toBe(0)
    await expect.poll(() => provider.running).toBe(0)
    const tokens = await used(key, 'tokensPerMinute')
    expect(tokens).toBeGreaterThanOrEqual(6)
    expect(tokens).toBeLessThan(40)
  })

  test('is released when the client goes away before a slow provider has said a word', async () => {
    const key = await freshKey({ concurrencyLimit: 1 })
    provider.set({ latency: { first: 60_000, perToken: 0 } })
    for (const stream of [true, false]) {
      const leaving = new AbortController()
      const answer = ask(key, { stream, signal: leaving.signal }).catch((error: Error) => error.name)
      await expect.poll(() => provider.running).toBe(1)
      await expect(used(key, 'concurrent')).resolves.toBe(1)
      leaving.abort()
      await expect(answer).resolves.toBe('AbortError')
      await expect.poll(() => used(key, 'concurrent'), { timeout: 5_000 }).toBe(0)
      await expect.poll(() => provider.running).toBe(0)
    }
  })
})

describe('the fake provider', () => {
  test('counts what it is asked and what that costs', async () => {
    const fake = new FakeProvider({ ...INSTANT, price: { input: 0.5, output: 2 } })
    const request = { model: 'a/b', messages: [{ role: 'user' as const, content: 'four' }], max_tokens: 3 }
    const { usage, choices } = await fake.complete(request, new AbortController().signal)
    expect(usage).toEqual({ prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 })
    expect(choices[0]?.finish_reason).toBe('length')
    expect(fake).toMatchObject({ calls: 1, running: 0, spent: 5 * 0.5 + 3 * 2 })
  })
})
