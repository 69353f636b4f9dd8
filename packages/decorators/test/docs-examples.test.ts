import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as core from '@granary/core'
import { type Cache, type CacheOptions, createCache } from '@granary/core'
import * as decorators from '@granary/decorators'
import * as limits from '@granary/rate-limit'
import { type RedisServer, startRedis } from '@granary/testing'
import { transform } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { MODE } from './fresh-cache.ts'

let redis: RedisServer
let caches = 0
let pages = 0
const opened: Cache[] = []

beforeAll(async () => {
  redis = await startRedis()
  process.env['REDIS_URL'] = redis.url
  process.env['GRANARY_PEPPER'] = 'a pepper that is long enough'
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((cache) => cache.close()))
})
afterAll(async () => {
  delete process.env['REDIS_URL']
  delete process.env['GRANARY_PEPPER']
  await redis.stop()
})

/** What the pages declare, as far as it is called here. */
interface Users {
  readonly byId: (id: number) => Promise<unknown>
  readonly byKey: (key: string) => Promise<unknown>
  readonly rename: (id: number, name: string) => Promise<void>
  readonly touch: (id: number) => Promise<void>
}
interface Weather {
  readonly today: (city: string) => Promise<unknown>
  readonly correct: (city: string, forecast: string) => Promise<void>
}

/**
 * Everything that the libraries export. Caches end with the test and share nothing with those of other tests; how patient they are
 * with Redis is not what the pages are about, and a busy machine needs it.
 */
const libraries = {
  ...core,
  ...limits,
  ...decorators,
  createCache: ({ redis: client, ...options }: CacheOptions = {}) => {
    const redis =
      client === undefined ? {} : { redis: { client: client as 'env', callBudget: '20s', leaseTime: '30s' } as const }
    const cache = createCache({ ...options, ...redis, maxStaleness: '20s', namespace: `docs${++caches}` })
    opened.push(cache)
    return cache
  },
  // A limiter gives up a server that is silent for a tenth of a second, as one is on a busy machine: its own tests have Redis.
  createRateLimiter: ({ redis, ...options }: limits.RateLimiterOptions) => {
    expect(redis).toMatchObject({ kind: 'single' })
    return limits.createRateLimiter(options)
  },
  configureGranary: (settings: Parameters<typeof decorators.configureGranary>[0]) =>
    onTestFinished(decorators.configureGranary(settings)),
}

/**
 * The examples of a page, one after the other as one program; each `{ … }` in them is the next of `bodies`. Names are made different
 * from other pages' ones, and Redis is waited for: a first call that did not wait long enough would load, and keep nothing.
 */
function programOf(page: string, choice: [from: number, to: number], bodies: readonly string[] = []): string {
  const text = readFileSync(fileURLToPath(new URL(`../../../${page}`, import.meta.url)), 'utf8')
  const examples = [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].slice(...choice).map(([, code]) => code as string)
  expect(examples.length).toBe(choice[1] - choice[0])
  const left = [...bodies]
  const code = examples.join('\n').replaceAll('{ … }', () => left.shift() as string)
  expect(left).toEqual([])
  pages += 1
  return code
    .replaceAll(/^import .*$/gm, '')
    .replaceAll("name: '", `name: 'page${pages}:`)
    .replaceAll(/^const (cache|limiter) = create.*$/gm, (line, made) => `${line}\nawait ${made}.ready()`)
}

/** Runs a program in the decorator standard of this run, and answers what `result` is at its end. */
async function run<T>(code: string, result: string, surroundings: Record<string, unknown>): Promise<T> {
  const { code: script } = await transform(`async () => {\n${code}\nreturn ${result}\n}`, {
    loader: 'ts',
    target: 'es2022',
    tsconfigRaw: { compilerOptions: { experimentalDecorators: MODE === 'legacy' } },
  })
  const known: Record<string, unknown> = { ...libraries, ...surroundings }
  const names = Object.keys(known)
  // Helpers of the lowering come first, the program is the last expression.
  const at = script.lastIndexOf('async () => {')
  const program = new Function(
    ...names,
    `${script.slice(0, at)}return (${script.slice(at).trim().replace(/;$/, '')})()`,
  )
  return (await program(...names.map((name) => known[name]))) as T
}

describe('the examples of the pages that a newcomer reads first', () => {
  test('README.md: two loads for three reads of a user, and what observe says of the fourth', async () => {
    const user = { id: 42, name: 'Grace' }
    const queries: string[] = []
    const db = {
      one: async (sql: string) => {
        queries.push(sql)
        return { ...user }
      },
      run: async (_: string, [, name]: [number, string]) => void Object.assign(user, { name }),
    }
    const said: unknown[][] = []
    const console = { log: (...words: unknown[]) => said.push(words) }
    const users = await run<Users>(programOf('README.md', [0, 1]), 'users', {
      db,
      console,
      hash: (key: string) => `#${key}`,
    })
    expect(queries.length).toBe(2)
    expect(said).toEqual([['Ada', 'hit', expect.stringMatching(/^l[12]$/), expect.any(Number)]])

    await users.byKey('sk-123')
    await users.byKey('sk-123')
    expect(queries.length).toBe(3)
    await users.rename(42, 'Barbara')
    expect(await users.byKey('sk-123')).toEqual({ id: 42, name: 'Barbara' })
  })

  test('docs/getting-started.md: a hundred callers share one load', async () => {
    let loads = 0
    const fetchForecast = async (city: string) => ({ city, load: ++loads })
    const weather = await run<Weather>(programOf('docs/getting-started.md', [0, 1]), 'new Weather()', { fetchForecast })
    await Promise.all(Array.from({ length: 100 }, () => weather.today('Oslo')))
    expect(await weather.today('Oslo')).toEqual({ city: 'Oslo', load: 1 })
  })

  test('docs/getting-started.md: a write reaches its readers, with Redis too', async () => {
    const forecasts = new Map([['Oslo', 'rain']])
    const bodies = ['{ return forecasts.get(city) }', '{ forecasts.set(city, forecast) }']
    const code = programOf('docs/getting-started.md', [1, 3], bodies)
    const { weather, cache } = await run<{ weather: Weather; cache: Cache }>(
      code,
      '{ weather: new Weather(), cache }',
      { forecasts },
    )
    onTestFinished(decorators.configureGranary({ cache }))
    expect(await weather.today('Oslo')).toBe('rain')
    await weather.correct('Oslo', 'snow')
    expect(await weather.today('Oslo')).toBe('snow')
    expect(await cache.observe(() => weather.today('Oslo'))).toMatchObject({ outcome: 'hit' })
  })

  test('packages/decorators/README.md: by tag and by entry', async () => {
    const names = new Map([[7, 'Ada']])
    const bodies = ['{ return names.has(id) ? { id, name: names.get(id) } : null }', '{ names.set(id, name) }', '{ }']
    const users = await run<Users>(programOf('packages/decorators/README.md', [0, 1], bodies), 'new Users()', { names })
    expect(await users.byId(7)).toEqual({ id: 7, name: 'Ada' })
    await users.rename(7, 'Grace')
    expect(await users.byId(7)).toEqual({ id: 7, name: 'Grace' })
    names.set(7, 'Barbara')
    await users.touch(7)
    expect(await users.byId(7)).toEqual({ id: 7, name: 'Barbara' })
  })

  test('packages/rate-limit/README.md: a decision, and a call that settles', async () => {
    const served: unknown[] = []
    const code = [
      programOf('packages/rate-limit/README.md', [0, 1]),
      programOf('packages/rate-limit/README.md', [2, 3]),
      'const standing = await perKey.peek("key:42")',
      'await limiter.close()',
    ].join('\n')
    const standing = await run<limits.Decision>(code, 'standing', {
      serve: (headers: unknown) => served.push(headers),
      refuse: () => expect.unreachable(),
      model: { complete: async () => ({ usage: { total_tokens: 1_000 } }) },
      prompt: 'hello',
      estimate: () => 50,
    })
    expect(served).toEqual([expect.objectContaining({ RateLimit: expect.any(String) })])
    expect(standing.limits['tokens']?.remaining).toBe(90_000 - 812 - 1_000)
    expect(standing.limits['minute']?.remaining).toBe(58)
  })
})
