import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { type RedisServer, startRedis } from '@granary/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as frames from '../../packages/core/src/redis/script/frame-scripts.ts'
import * as metadata from '../../packages/core/src/redis/script/metadata-scripts.ts'
import { type Reply, Status } from '../redis-model/commands.ts'
import { ErrorReply } from '../redis-model/keyspace.ts'
import { ModelServer } from '../redis-model/server.ts'
import { PUSH_CHANNEL, type Subscriber } from '../redis-model/tracking.ts'

interface Client {
  on(event: 'messageBuffer', listener: (channel: Buffer, payload: Buffer | Buffer[] | null) => void): void
  callBuffer(command: string, args: readonly (string | Buffer)[]): Promise<unknown>
  flushall(): Promise<unknown>
  disconnect(): void
}

const require = createRequire(new URL('../../packages/core/package.json', import.meta.url))
const { Redis } = require('ioredis') as { Redis: new (url: string, options: object) => Client }

let server: RedisServer
let client: Client

beforeAll(async () => {
  server = await startRedis()
  client = new Redis(server.url, { protocol: 2 })
})

afterAll(async () => {
  client?.disconnect()
  await server?.stop()
})

/** A command in latin-1 text. */
type Words = readonly string[]

const key = fc.constantFrom('k1', 'k2')
const tags = fc.constantFrom('z', 'tags')
const member = fc.constantFrom('a', 'b', 'c', '!')
const score = fc.integer({ min: -9, max: 9 }).map(String)
const bytes = fc.uint8Array({ maxLength: 60 }).map((each) => Buffer.from(each).toString('latin1'))
const index = fc.integer({ min: -5, max: 60 }).map(String)
const bound = fc.oneof(
  fc.tuple(fc.constantFrom('', '('), score).map(([out, at]) => out + at),
  fc.constantFrom('-inf', '+inf'),
)
const rank = fc.integer({ min: -4, max: 4 }).map(String)

const command: fc.Arbitrary<Words> = fc.oneof(
  fc.tuple(fc.constant('GET'), key),
  fc.tuple(fc.constant('MGET'), key, tags, key),
  fc.tuple(fc.constant('SET'), key, bytes),
  fc.tuple(fc.constant('SET'), key, bytes, fc.constant('PX'), fc.constant('600000')),
  fc.tuple(fc.constant('DEL'), fc.constantFrom('k1', 'k2', 'z', 'tags')),
  fc.tuple(fc.constant('GETRANGE'), key, index, index),
  fc.tuple(fc.constant('SETRANGE'), key, fc.nat(30).map(String), bytes),
  fc.tuple(fc.constant('STRLEN'), key),
  fc.tuple(fc.constant('ZADD'), tags, score, member),
  fc.tuple(fc.constant('ZSCORE'), tags, member),
  fc.tuple(fc.constant('ZCARD'), tags),
  fc.tuple(fc.constant('ZRANGE'), tags, rank, rank, fc.constant('WITHSCORES')),
  fc.tuple(
    fc.constant('ZREVRANGEBYSCORE'),
    tags,
    fc.constant('+inf'),
    score,
    fc.constant('WITHSCORES'),
    fc.constant('LIMIT'),
    fc.constant('0'),
    fc.constant('2'),
  ),
  fc.tuple(fc.constant('ZREMRANGEBYRANK'), tags, rank, rank),
  fc.tuple(fc.constant('ZRANGEBYSCORE'), tags, bound, bound, fc.constant('WITHSCORES')),
  fc.tuple(fc.constant('ZREMRANGEBYSCORE'), tags, bound, bound),
  fc.tuple(fc.constant('ZREM'), tags, member, member),
  fc.tuple(fc.constant('EXISTS'), key, tags),
  fc.tuple(fc.constant('PEXPIRE'), key, fc.constant('600000')),
  fc.tuple(fc.constant('PERSIST'), key),
)

const token = fc.constantFrom('TOKEN__1', 'TOKEN__2', 'TOKEN__3')
const version = fc.oneof(token, fc.constant('\0'.repeat(8)))
const META = ['{n}:clk', '{n}:tags', '{n}:never']
const life = fc.constantFrom('aa', 'bb')
/** Leases that are over at once, and leases that outlive the test. */
const lease = fc.constantFrom('-5000', '600000')
const far = String(Date.now() + 3_600_000)

/** A frame as the scripts see one: 48 bytes of header and a payload. */
const frame = fc
  .tuple(version, token, bytes)
  .map(([lease, written, payload]) => `G\x01\0\x30${lease}${'\0'.repeat(12)}${written}${'\0'.repeat(16)}${payload}`)

const run = (script: { readonly source: string }, keys: Words, args: Words): Words => [
  'EVAL',
  script.source,
  String(keys.length),
  ...keys,
  ...args,
]

const script: fc.Arbitrary<Words> = fc.oneof(
  fc
    .tuple(key, token, version, fc.constantFrom('k', 'd', 'f'))
    .map(([at, lease, seen, mode]) => run(frames.ACQUIRE, [at], ['600000', far, lease, seen, mode])),
  fc
    .tuple(key, token, frame)
    .map(([at, lease, value]) => run(frames.COMMIT, [at], [lease, value, '600000', 'wake', 's'])),
  fc
    .tuple(key, token, frame)
    .map(([at, lease, value]) => run(frames.COMMIT_PUT, [at], [lease, value, '600000', 'wake', 's'])),
  fc.tuple(key, token).map(([at, lease]) => run(frames.RELEASE, [at], [lease, 'wake', 'f'])),
  fc.tuple(key, token).map(([at, lease]) => run(frames.RENEW, [at], [lease, '600000'])),
  fc
    .tuple(key, frame, fc.constantFrom(far, '1000'))
    .map(([at, value, deadline]) => run(frames.WRITE, [at], [value, '600000', deadline])),
  fc
    .tuple(life, key, token, frame)
    .map(([each, at, lease, value]) =>
      run(metadata.PUT_AND_TELL, [...META, at], ['666', each, 'bus', 'me', '[]', lease, value, '600000', 'wake', 's']),
    ),
  fc
    .tuple(life, key, frame, fc.constantFrom(far, '1000'))
    .map(([each, at, value, deadline]) =>
      run(metadata.WRITE_AND_TELL, [...META, at], ['555', each, 'bus', 'me', '[]', value, '600000', deadline]),
    ),
  life.map((each) => run(metadata.HELLO, META, ['777', each, 'bus', '3'])),
  fc
    .tuple(life, fc.subarray(['k1', 'k2']), fc.subarray(['t1', 't2', 't3', 'n:x', '*']))
    .map(([each, keys, members]) =>
      run(metadata.BUMP, [...META, ...keys], ['888', each, 'bus', 'me', '[]', '2', ...members]),
    ),
  fc
    .tuple(life, fc.subarray(['k1', 'k2']), fc.subarray(['t1', 't2', '*']), lease)
    .map(([each, keys, members, ms]) =>
      run(metadata.BUMP_AWAITED, [...META, ...keys, '{n}:mem'], ['888', each, 'bus', 'me', '[]', '2', ...members, ms]),
    ),
  fc
    .tuple(life, fc.constantFrom('me', 'you'), lease)
    .map(([each, who, ms]) => run(metadata.JOIN, [...META, '{n}:mem'], ['888', each, 'bus', who, ms])),
  fc.constantFrom('777', '888').map((incarnation) => run(metadata.RECORDS, META, [incarnation, 't1', 't2'])),
  fc.constantFrom(['DEL', '{n}:clk'], ['DEL', '{n}:tags'], ['DEL', '{n}:mem'], ['ZREM', '{n}:mem', 'me']),
)

async function ask([name = '', ...args]: Words, by = client): Promise<unknown> {
  try {
    return comparable(
      await by.callBuffer(
        name,
        args.map((arg) => Buffer.from(arg, 'latin1')),
      ),
    )
  } catch (error) {
    return `error ${(error as Error).message.split(' ')[0]}`
  }
}

function answer(model: ModelServer, [name = '', ...args]: Words, by: Subscriber = { receive() {} }): unknown {
  try {
    return comparable(model.execute(by, name, args))
  } catch (error) {
    if (!(error instanceof ErrorReply)) throw error
    return `error ${error.message.split(' ')[0]}`
  }
}

/** Replies without what depends on the moment: server times, the deadlines made of them, and seals on them. */
function comparable(reply: unknown): unknown {
  if (Array.isArray(reply)) return inNoOrder(withoutSeal(reply).map(comparable))
  if (reply instanceof Status) return reply.text
  const text = Buffer.isBuffer(reply) ? reply.toString('latin1') : (reply as Reply)
  return /^1[789]\d{11}$/.test(String(text)) ? 'an instant' : text
}

/** A hello with its seal looked at: the server's time is a part of what is sealed. */
function withoutSeal(reply: readonly unknown[]): readonly unknown[] {
  if (reply.length !== 8 || !Array.isArray(reply[6])) return reply
  const parts = [...reply.slice(0, 6), ...reply[6]].map((part) => String(part)).join(' ')
  const seal = createHash('sha1').update(parts, 'latin1').digest('hex')
  return [...reply.slice(0, 7), String(reply[7]) === seal ? 'its seal' : reply[7]]
}

/** Members whose scores are instants: which came first depends on the moment, too. */
function inNoOrder(list: unknown[]): unknown[] {
  const pairs = Array.from({ length: list.length / 2 }, (_, at) => [list[2 * at], list[2 * at + 1]])
  if (list.length % 2 !== 0 || !pairs.every(([, score]) => score === 'an instant')) return list
  return pairs.toSorted(([a], [b]) => String(a).localeCompare(String(b))).flat()
}

/** The keys told, without one whose scores are instants: whether a score changed depends on the moment. */
const timelessPushes = (keys: readonly (string | null)[]) =>
  [...new Set(keys)].filter((key) => key !== '{n}:mem').toSorted()

/** A connection whose reads are tracked, and what its subscriber was told of since it was last asked: keys, or null for all. */
async function watch(url: string) {
  const [reader, subscriber] = [new Redis(url, { protocol: 2 }), new Redis(url, { protocol: 2 })]
  let told: (string | null)[] = []
  subscriber.on('messageBuffer', (_, payload) => {
    told.push(...(payload === null ? [null] : [payload].flat().map(String)))
  })
  const id = Number(await subscriber.callBuffer('CLIENT', ['ID']))
  await subscriber.callBuffer('subscribe', [PUSH_CHANNEL])
  await reader.callBuffer('CLIENT', ['TRACKING', 'ON', 'REDIRECT', String(id)])
  return {
    reader,
    /** The answer to a PING comes after every push made before. */
    pushes: async () => {
      await subscriber.callBuffer('PING', [])
      const all = told
      told = []
      return timelessPushes(all)
    },
    stop: () => {
      reader.disconnect()
      subscriber.disconnect()
    },
  }
}

/** The same, modelled. */
function watchModel() {
  const model = new ModelServer(() => Date.now(), 'life')
  let told: (string | null)[] = []
  const subscriber: Subscriber = {
    receive: (_, payload) => void told.push(...(payload === null ? [null] : [payload].flat())),
  }
  const reader: Subscriber = { receive() {} }
  const id = answer(model, ['CLIENT', 'ID'], subscriber)
  answer(model, ['SUBSCRIBE', PUSH_CHANNEL], subscriber)
  answer(model, ['CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id)], reader)
  return {
    ask: (who: string, words: Words) => answer(model, words, who === 'reader' ? reader : undefined),
    pushes: () => {
      const all = told
      told = []
      return timelessPushes(all)
    },
  }
}

/** A stored frame with its lease deadline, which depends on the moment, blanked out. */
const timeless = (value: unknown) =>
  typeof value === 'string' && value.startsWith('G') ? value.slice(0, 12) + value.slice(20) : value

describe('the modelled Redis', () => {
  test('answers like a real server to any sequence of the commands that the cache uses', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 30 }), async (words) => {
        await client.flushall()
        const model = new ModelServer(() => Date.now(), 'life')
        for (const each of words) expect([each, answer(model, each)]).toEqual([each, await ask(each)])
      }),
      { numRuns: 300 },
    )
  })

  test('runs every script to the same answers and the same data as a real server', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(script, { minLength: 4, maxLength: 25 }), async (words) => {
        await client.flushall()
        const model = new ModelServer(() => Date.now(), 'life')
        for (const each of words) expect([each, answer(model, each)]).toEqual([each, await ask(each)])
        for (const each of [
          ['GET', 'k1'],
          ['GET', 'k2'],
          ['GET', '{n}:clk'],
          ['ZRANGE', '{n}:tags', '0', '-1', 'WITHSCORES'],
          ['ZRANGE', '{n}:mem', '0', '-1', 'WITHSCORES'],
        ]) {
          expect([each, timeless(answer(model, each))]).toEqual([each, timeless(await ask(each))])
        }
      }),
      { numRuns: 300 },
    )
  })

  test('tells the same connections of the same writes as a real server, whoever reads and writes', async () => {
    const real = await watch(server.url)
    const words = fc.oneof(command, script, fc.constant<Words>(['FLUSHALL']))
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.constantFrom('reader', 'other'), words), { minLength: 5, maxLength: 30 }),
          async (steps) => {
            await client.flushall()
            await real.pushes()
            const model = watchModel()
            for (const [who, each] of steps) {
              model.ask(who, each)
              await (who === 'reader' ? ask(each, real.reader) : ask(each))
              expect([who, each, model.pushes()]).toEqual([who, each, await real.pushes()])
              // Whether these put off a key's end, which is a write, depends on the moment: what is tracked is made equal again.
              if (each[1] !== frames.RENEW.source && each[1] !== frames.ACQUIRE.source) continue
              model.ask('reader', ['MGET', 'k1', 'k2'])
              await ask(['MGET', 'k1', 'k2'], real.reader)
            }
          },
        ),
        { numRuns: 200 },
      )
    } finally {
      real.stop()
    }
  })

  test('forgets a key at its end by the clock of the server', () => {
    let now = 1_000
    const model = new ModelServer(() => now, 'life')
    answer(model, ['SET', 'k1', 'value', 'PX', '50'])
    expect(answer(model, ['PTTL', 'k1'])).toBe(50)
    now += 50
    expect(answer(model, ['GET', 'k1'])).toBeNull()
    expect(answer(model, ['PTTL', 'k1'])).toBe(-2)
  })

  test('refuses what needs memory when memory is full, but not the rest of a script that began with a DEL', () => {
    const model = new ModelServer(() => Date.now(), 'life')
    model.full = true
    expect(answer(model, ['SET', 'k1', 'value'])).toBe('error OOM')
    expect(answer(model, run(frames.WRITE, ['k1'], ['value', '600000', far]))).toBe('error OOM')
    const write = ['888', 'aa', 'bus', 'me', '[]', 'value', '600000', far]
    expect(answer(model, run(metadata.WRITE_AND_TELL, [...META, 'k1'], write))).toBe('error OOM')
    expect(answer(model, run(metadata.BUMP, META, ['888', 'aa', 'bus', 'me', '[]', '2', 't1']))).toEqual(['888', 1, 1])
  })
})
