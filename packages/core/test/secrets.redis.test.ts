import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCache, EVENT_CHANNEL } from '../src/index.ts'
import { LogRecorder } from './stage/log-recorder.ts'
import { openMemory } from './stage/memory-stage.ts'
import { until, useRedis } from './stage/redis-stage.ts'

const SECRET = 'sk-live-0123456789-very-secret'
const PEPPER = 'a pepper of more than sixteen bytes'
const OLD_PEPPER = 'the pepper that was used last year'
const policy = { ttl: '1m', secret: true, tags: (user: { id: number }) => [`user:${user.id}`] } as const

const stage = useRedis()

/** Everything that a diagnostics subscriber hears until the test ends. */
function overheard(): unknown[] {
  const messages: unknown[] = []
  const listen = (message: unknown) => messages.push(message)
  subscribe(EVENT_CHANNEL, listen)
  onTestFinished(() => void unsubscribe(EVENT_CHANNEL, listen))
  return messages
}

describe('C1: secrets', () => {
  test('no raw secret is in Redis, its commands, the bus, events, logs, stats or errors', async () => {
    const log = new LogRecorder()
    const events = overheard()
    const monitor = await stage.redis.monitor()
    const [cache, other] = [
      await stage.node({ pepper: PEPPER, logger: log }),
      await stage.node({ pepper: PEPPER, logger: log }),
    ]
    const users = cache.define<[string], { id: number } | null>('auth:user', policy)
    await users.getOrSet([SECRET], () => ({ id: 1 }))
    await users.getOrSet([SECRET], () => ({ id: 1 }))
    await cache.drain()
    await other.define<[string], { id: number } | null>('auth:user', policy).getOrSet([SECRET], () => null)
    await users.delete([SECRET])
    await expect(users.getOrSet([SECRET], () => Promise.reject(new Error('database down')))).rejects.toThrow()
    await users.put([SECRET], async () => ({ id: 2 }))
    await users.set([SECRET], { id: 3 })
    const commands = await monitor.commands({ scripts: true })
    expect(commands.length).toBeGreaterThan(10)
    expect(log.lines.length).toBeGreaterThan(5)
    expect(events.length).toBeGreaterThan(5)
    const keys = (await stage.redis.command('KEYS', '*')) as string[]
    expect(keys.some((key) => key.startsWith(`${stage.namespace}:auth:user:1:`))).toBe(true)
    for (const told of [commands, keys, log.lines, events, cache.stats(), users.keyOf([SECRET])])
      expect(JSON.stringify(told)).not.toContain('very-secret')
  })

  test('the digest is keyed: without the pepper nobody can tell which secret a key stands for', () => {
    const keys = [PEPPER, OLD_PEPPER].map((pepper) =>
      openMemory({ pepper }).cache.define<[string], unknown>('k', { ttl: '1m', secret: true }).keyOf([SECRET]),
    )
    expect(new Set(keys).size).toBe(2)
  })

  test('every process with the same pepper finds the same entry', async () => {
    const [one, other] = [await stage.node({ pepper: PEPPER }), await stage.node({ pepper: PEPPER })]
    await one.define<[string], string>('k', { ttl: '1m', secret: true }).getOrSet([SECRET], () => 'ada')
    await one.drain()
    expect(await other.define<[string], string>('k', { ttl: '1m', secret: true }).get([SECRET])).toBe('ada')
  })

  test('one secret argument among others is digested alone', async () => {
    const { cache } = openMemory({ pepper: PEPPER })
    const named = cache.define<[string, number], string>('k', { ttl: '1m', secret: [0] })
    const key = named.keyOf([SECRET, 42])
    expect(key).not.toContain('secret')
    expect(key.endsWith(',42')).toBe(true)
    expect(named.keyOf(['other', 42])).not.toBe(key)
    expect(named.keyOf([SECRET, 43])).not.toBe(key)
  })

  test('a digest can never be mistaken for an argument that looks like it', async () => {
    const { cache } = openMemory({ pepper: PEPPER })
    const secret = cache.define<[string], string>('k', { ttl: '1m', secret: true })
    const digest = /"(.*)"$/.exec(secret.keyOf([SECRET]))?.[1] as string
    expect(secret.keyOf([digest])).not.toBe(secret.keyOf([SECRET]))
  })

  test('with Redis and no pepper a secret name refuses its first call and names what is missing', async () => {
    const cache = await stage.node()
    const named = cache.define<[string], string>('auth:user', { ttl: '1m', secret: true })
    const call = async () => named.getOrSet([SECRET], () => 'ada')
    await expect(call()).rejects.toMatchObject({
      code: 'MISSING_PEPPER',
      message: expect.stringContaining('GRANARY_PEPPER'),
    })
    await expect(call()).rejects.toThrow(/'auth:user'/)
    expect(await cache.getOrSet('public', [SECRET], () => 'fine')).toBe('fine')
  })

  test('in memory only, a random pepper of the process will do', async () => {
    const [one, other] = [openMemory().cache, openMemory().cache]
    const [here, there] = [one, other].map((cache) => cache.define<[string], string>('k', { ttl: '1m', secret: true }))
    await here?.getOrSet([SECRET], () => 'ada')
    expect(here?.peek([SECRET])).toBe('ada')
    expect(here?.keyOf([SECRET])).not.toBe(there?.keyOf([SECRET]))
  })

  test.each([
    ['too short', 'fifteen bytes!!'],
    ['an empty list', []],
    ['a list with one too short', [PEPPER, 'short']],
    ['not text', 42],
  ])('a pepper that is %s is refused at once', (_, pepper) => {
    expect(() => createCache({ pepper: pepper as string })).toThrow(/pepper/)
  })

  test('GRANARY_PEPPER is the pepper when the option is not given', () => {
    process.env['GRANARY_PEPPER'] = PEPPER
    onTestFinished(() => void delete process.env['GRANARY_PEPPER'])
    const fromEnvironment = openMemory().cache
    const fromOption = openMemory({ pepper: PEPPER }).cache
    const named = [fromEnvironment, fromOption].map((cache) =>
      cache.define<[string], string>('k', { ttl: '1m', secret: true }),
    )
    expect(named[0]?.keyOf([SECRET])).toBe(named[1]?.keyOf([SECRET]))
  })
})

describe('C1: rotating the pepper', () => {
  test('the first pepper writes, and deleting reaches what the earlier one wrote', async () => {
    const old = await stage.node({ pepper: OLD_PEPPER })
    const rotated = await stage.node({ pepper: [PEPPER, OLD_PEPPER] })
    const [before, after] = [old, rotated].map((cache) =>
      cache.define<[string], string>('auth:user', { ttl: '1m', secret: true }),
    )
    await before?.getOrSet([SECRET], () => 'ada')
    await old.drain()
    expect(after?.keyOf([SECRET])).not.toBe(before?.keyOf([SECRET]))
    expect(await after?.get([SECRET])).toBeUndefined()
    await after?.delete([SECRET])
    await until(async () => (await before?.get([SECRET])) === undefined, 1_000)
    expect(await stage.redis.command('EXISTS', before?.keyOf([SECRET]) as string)).toBe(0)
  })
})
