import { createHash } from 'node:crypto'
import { decodeFrame, encodeFrame } from '@granary/serialization'
import { beforeEach, describe, expect, test } from 'vitest'
import { ACQUIRE, COMMIT, COMMIT_PUT, RELEASE, RENEW, WRITE } from '../src/redis/script/frame-scripts.ts'
import { BUMP, HELLO, PUT_AND_TELL, RECORDS, WRITE_AND_TELL } from '../src/redis/script/metadata-scripts.ts'
import type { Script } from '../src/redis/script/script.ts'
import { until, useRedis } from './stage/redis-stage.ts'

const stage = useRedis()
const TOKEN = Buffer.from('token--1')
const OTHER = Buffer.from('token--2')
const NONE = Buffer.alloc(8)
const LIFE = Buffer.from('a life..')
const LEASE = 1_000
const WAKE = ['wake', 'message'] as const

type Argument = string | number | Uint8Array

/** Runs a script as the cache does, with bytes coming back as Latin-1 text. */
async function run(script: Script, keys: readonly string[], ...args: readonly Argument[]): Promise<unknown> {
  return textOf(await stage.redis.commandBytes('EVAL', script.source, keys.length, ...keys, ...args))
}

function textOf(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(textOf)
  return reply instanceof Uint8Array ? Buffer.from(reply).toString('latin1') : reply
}

async function now(): Promise<number> {
  const [seconds, micros] = (await stage.redis.command('TIME')) as [string, string]
  return Number(seconds) * 1_000 + Number(micros) / 1_000
}

const acquire = async (token: Uint8Array, seen: Uint8Array = NONE, mode = 'k', deadline?: number) =>
  ((await run(ACQUIRE, ['k'], LEASE, deadline ?? (await now()) + 5_000, token, seen, mode)) as unknown[])[1]

const frame = (version: Uint8Array, payload = 'payload') =>
  encodeFrame(
    {
      negative: false,
      version,
      life: LIFE,
      inc: NONE,
      reading: 0,
      created: 0,
      freshUntil: 1,
      hardExpiry: 1,
      loadTime: 0,
      tags: [],
    },
    () => Buffer.concat([Buffer.from([0]), Buffer.from(payload)]),
  )

const sealOf = (parts: string) => createHash('sha1').update(parts).digest('hex')

const stored = async () => (await stage.redis.commandBytes('GET', 'k')) as Buffer | null
const tokenOf = (bytes: Buffer | null) => bytes?.subarray(4, 12)
const life = () => stage.redis.command('PTTL', 'k') as Promise<number>

beforeEach(() => stage.redis.command('FLUSHALL'))

describe('acquire', () => {
  test('grants a lease where nothing is, for as long as a lease and its successor may need', async () => {
    expect(await acquire(TOKEN)).toBe('g')
    expect(tokenOf(await stored())).toEqual(TOKEN)
    expect(decodeFrame((await stored()) as Buffer).placeholder).toBe(true)
    expect(await life()).toBeGreaterThan(LEASE)
    expect(await life()).toBeLessThanOrEqual(2 * LEASE)
  })

  test('answers the same grant twice, when it is sent twice', async () => {
    expect([await acquire(TOKEN), await acquire(TOKEN)]).toEqual(['g', 'g'])
  })

  test('tells another process how long it has to wait, and marks that somebody does', async () => {
    await acquire(TOKEN)
    const [verdict, until] = (await acquire(OTHER)) as [string, string]
    expect(verdict).toBe('w')
    expect(Number(until) - (await now())).toBeLessThanOrEqual(LEASE)
    expect(tokenOf(await stored())).toEqual(TOKEN)
    expect(((await stored()) as Buffer)[2]).toBe(3)
  })

  test('gives a lease that has run out to the next', async () => {
    await run(ACQUIRE, ['k'], 1, (await now()) + 5_000, TOKEN, NONE, 'k')
    await stage.redis.command('PERSIST', 'k')
    await until(async () => (await acquire(OTHER)) === 'g')
    expect(tokenOf(await stored())).toEqual(OTHER)
  })

  test('refuses when it comes after its deadline, and leaves nothing', async () => {
    expect(await acquire(TOKEN, NONE, 'k', (await now()) - 1)).toBe('late')
    expect(await stored()).toBeNull()
  })

  test('keeps a payload that may be served meanwhile, and makes it outlive the lease', async () => {
    await stage.redis.command('SET', 'k', frame(OTHER), 'PX', 10)
    expect(await acquire(TOKEN, OTHER)).toBe('g')
    expect((await stored())?.subarray(24)).toEqual(Buffer.from(frame(OTHER)).subarray(24))
    expect(await life()).toBeGreaterThan(LEASE)
  })

  test('shortens no life', async () => {
    await stage.redis.command('SET', 'k', frame(OTHER), 'PX', 60_000)
    await acquire(TOKEN, OTHER)
    expect(await life()).toBeGreaterThan(50_000)
  })

  test('drops a payload that was judged invalid', async () => {
    await stage.redis.command('SET', 'k', frame(OTHER), 'PX', 60_000)
    expect(await acquire(TOKEN, OTHER, 'd')).toBe('g')
    expect(decodeFrame((await stored()) as Buffer).placeholder).toBe(true)
  })

  test('says so when something else is there than what was judged', async () => {
    await stage.redis.command('SET', 'k', frame(TOKEN), 'PX', 60_000)
    for (const mode of ['k', 'd', 'b']) expect(await acquire(OTHER, NONE, mode)).toBe('c')
    expect(await stored()).toEqual(Buffer.from(frame(TOKEN)))
  })

  test('replaces what could not be read, when it is still that', async () => {
    const broken = Buffer.from('x'.repeat(100))
    await stage.redis.command('SET', 'k', broken)
    expect(await acquire(TOKEN, Buffer.from('y'.repeat(48)), 'b')).toBe('c')
    expect(await acquire(TOKEN, broken.subarray(0, 48), 'b')).toBe('g')
    expect(tokenOf(await stored())).toEqual(TOKEN)
  })

  test('takes a lease by force from whoever holds it', async () => {
    await acquire(TOKEN)
    expect(await acquire(OTHER, NONE, 'f')).toBe('g')
    expect(await run(COMMIT, ['k'], TOKEN, frame(TOKEN), 60_000, ...WAKE)).toBe(0)
  })

  test('leaves a key of another type alone', async () => {
    await stage.redis.command('LPUSH', 'k', 'a')
    for (const mode of ['k', 'd', 'b', 'f']) expect(await acquire(TOKEN, NONE, mode)).toBe('x')
    expect(await stage.redis.command('TYPE', 'k')).toBe('list')
  })
})

describe('commit', () => {
  test('stores under its own lease, and says so again when it is sent again', async () => {
    await acquire(TOKEN)
    const commit = () => run(COMMIT, ['k'], TOKEN, frame(TOKEN), 60_000, ...WAKE)
    expect([await commit(), await commit()]).toEqual([1, 1])
    expect(await stored()).toEqual(Buffer.from(frame(TOKEN)))
  })

  test('creates nothing where no lease was granted', async () => {
    expect(await run(COMMIT, ['k'], TOKEN, frame(TOKEN), 60_000, ...WAKE)).toBe(0)
    expect(await stored()).toBeNull()
  })

  test.each([
    ['the key was deleted', async () => void (await stage.redis.command('DEL', 'k'))],
    ['another lease is there', async () => void (await acquire(OTHER, NONE, 'f'))],
    ['another value is there', async () => void (await stage.redis.command('SET', 'k', frame(OTHER)))],
  ])('is rejected when %s', async (_, meanwhile) => {
    await acquire(TOKEN)
    await meanwhile()
    const before = await stored()
    expect(await run(COMMIT, ['k'], TOKEN, frame(TOKEN), 60_000, ...WAKE)).toBe(0)
    expect(await stored()).toEqual(before)
  })

  test('of a write-through deletes what is there when its lease was lost', async () => {
    await acquire(TOKEN)
    await stage.redis.command('SET', 'k', frame(OTHER))
    expect(await run(COMMIT_PUT, ['k'], TOKEN, frame(TOKEN), 60_000, ...WAKE)).toBe(0)
    expect(await stored()).toBeNull()
  })
})

describe('release and renew', () => {
  test('a released placeholder is gone', async () => {
    await acquire(TOKEN)
    expect(await run(RELEASE, ['k'], TOKEN, ...WAKE)).toBe(1)
    expect(await stored()).toBeNull()
  })

  test('a released entry keeps its payload and loses its lease', async () => {
    await stage.redis.command('SET', 'k', frame(OTHER), 'PX', 60_000)
    await acquire(TOKEN, OTHER)
    await run(RELEASE, ['k'], TOKEN, ...WAKE)
    expect(await stored()).toEqual(Buffer.from(frame(OTHER)))
  })

  test('nobody releases or renews what is not his, or makes a key by trying', async () => {
    for (const script of [RELEASE, RENEW]) expect(await run(script, ['k'], TOKEN, LEASE, 'x')).toBe(0)
    expect(await stored()).toBeNull()
    await acquire(OTHER)
    for (const script of [RELEASE, RENEW]) expect(await run(script, ['k'], TOKEN, LEASE, 'x')).toBe(0)
    expect(tokenOf(await stored())).toEqual(OTHER)
  })

  test('a renewed lease lasts longer, and so does its key', async () => {
    await acquire(TOKEN)
    const before = ((await stored()) as Buffer).readDoubleBE(12)
    await run(RENEW, ['k'], TOKEN, 10 * LEASE)
    expect(((await stored()) as Buffer).readDoubleBE(12) - before).toBeGreaterThan(8 * LEASE)
    expect(await life()).toBeGreaterThan(10 * LEASE)
  })
})

describe('write', () => {
  test('stores what is asserted, whatever was there, and ends a lease by it', async () => {
    await acquire(TOKEN)
    expect(await run(WRITE, ['k'], frame(OTHER), 60_000, (await now()) + 5_000)).toBe(1)
    expect(await run(COMMIT, ['k'], TOKEN, frame(TOKEN), 60_000, ...WAKE)).toBe(0)
    expect(await stored()).toEqual(Buffer.from(frame(OTHER)))
  })

  test('is refused after its deadline: a write that was told to have failed stays failed', async () => {
    expect(await run(WRITE, ['k'], frame(OTHER), 60_000, (await now()) - 1)).toBe(0)
    expect(await stored()).toBeNull()
  })
})

describe('metadata', () => {
  const KEYS = ['clk', 'tags', 'never']
  const HEX = '00aa'
  const hello = (incarnation: string, lifeHex = HEX) =>
    run(HELLO, KEYS, incarnation, lifeHex, 'bus', 5_000) as Promise<
      [string, number, number, number, number, number, string[], string]
    >
  const bump = (members: readonly string[], most = 100_000, lifeHex = HEX) =>
    run(BUMP, KEYS, '999', lifeHex, 'bus', 'me', '[]', most, ...members) as Promise<[string, number, number]>

  test('is made once and then found', async () => {
    expect((await hello('111')).slice(0, 4)).toEqual(['111', 0, 0, 0])
    expect((await hello('222')).slice(0, 4)).toEqual(['111', 0, 0, 0])
  })

  test('every invalidation advances the sequence, those of tags the clock as well', async () => {
    await hello('111')
    expect(await bump([])).toEqual(['111', 0, 1])
    expect(await bump(['a', 'b'])).toEqual(['111', 1, 2])
    expect(await bump(['b'])).toEqual(['111', 2, 3])
    expect(await run(RECORDS, KEYS, '111', 'a', 'b', 'never named')).toEqual(['1', '2', '0', sealOf('1 2 0')])
    const told = await hello('222')
    expect(told[6]).toEqual(['b', '2', 'a', '1'])
    expect(told[7]).toBe(sealOf(`111 2 3 0 ${told[4]} 2 b 2 a 1`))
  })

  test.each([
    ['the clock is lost', () => stage.redis.command('DEL', 'clk')],
    ['the tag records are lost', () => stage.redis.command('DEL', 'tags')],
    ['the clock belongs to other records', () => stage.redis.command('SET', 'clk', '333:5:5:0:00aa')],
    ['the clock is nonsense', () => stage.redis.command('SET', 'clk', 'nonsense')],
  ])('is made anew when %s: by hello, by an invalidation, and for those who ask', async (_, lose) => {
    await hello('111')
    await bump(['a'])
    await lose()
    expect(await run(RECORDS, KEYS, '111', 'a')).toBe('lost')
    expect((await hello('222')).slice(0, 4)).toEqual(['222', 0, 0, 0])
    await bump(['a'])
    await lose()
    expect(await bump(['a'])).toEqual(['999', 1, 1])
  })

  test('is made anew in another life of the server', async () => {
    await hello('111')
    expect((await hello('222', '00bb'))[0]).toBe('222')
    expect((await bump(['a'], 100_000, '00cc'))[0]).toBe('999')
  })

  test('records past the bound raise the floor, which then answers for all that were forgotten', async () => {
    await hello('111')
    for (const tag of ['a', 'b', 'c', 'd', 'e']) await bump([tag], 3)
    expect(await stage.redis.command('ZCARD', 'tags')).toBe(4)
    expect((await hello('222')).slice(0, 4)).toEqual(['111', 5, 5, 2])
    expect(await run(RECORDS, KEYS, '111', 'a', 'b', 'c', 'e', 'never named')).toEqual([
      ...['2', '2', '3', '5', '2'],
      sealOf('2 2 3 5 2'),
    ])
  })

  test('deleting frames is part of the invalidation', async () => {
    await hello('111')
    await stage.redis.command('MSET', 'k', 'x', 'k2', 'y', 'k3', 'z')
    await run(BUMP, [...KEYS, 'k', 'k2'], '999', HEX, 'bus', 'me', '[]', 100)
    expect(await stage.redis.command('EXISTS', 'k', 'k2', 'k3')).toBe(1)
  })

  describe('with a frame on the same node', () => {
    const writeAndTell = async (deadline?: number) =>
      run(
        WRITE_AND_TELL,
        [...KEYS, 'k'],
        ...['999', HEX, 'bus', 'me', '[]'],
        frame(OTHER),
        60_000,
        deadline ?? (await now()) + 5_000,
      )
    const putAndTell = () =>
      run(PUT_AND_TELL, [...KEYS, 'k'], ...['999', HEX, 'bus', 'me', '[]'], TOKEN, frame(TOKEN), 60_000, ...WAKE)

    test('a write is stored and numbered at once', async () => {
      await hello('111')
      await acquire(TOKEN)
      expect(await writeAndTell()).toEqual([1, '111', 0, 1])
      expect(await stored()).toEqual(Buffer.from(frame(OTHER)))
      expect((await hello('222')).slice(0, 3)).toEqual(['111', 0, 1])
    })

    test('a late write stores nothing and tells nobody', async () => {
      await hello('111')
      expect(await writeAndTell((await now()) - 1)).toEqual([0])
      expect(await stored()).toBeNull()
      expect((await hello('222')).slice(0, 3)).toEqual(['111', 0, 0])
    })

    test('a write-through under its lease is stored, without it the entry is deleted; it is numbered either way', async () => {
      await hello('111')
      await acquire(TOKEN)
      expect(await putAndTell()).toEqual([1, '111', 0, 1])
      expect(await stored()).toEqual(Buffer.from(frame(TOKEN)))
      await acquire(OTHER, TOKEN, 'f')
      await stage.redis.command('SET', 'k', frame(OTHER))
      expect(await putAndTell()).toEqual([0, '111', 0, 2])
      expect(await stored()).toBeNull()
      expect((await hello('222')).slice(0, 3)).toEqual(['111', 0, 2])
    })

    test('a full server refuses the frame, and an invalidation still gets through', async () => {
      await hello('111')
      await stage.redis.command('CONFIG', 'SET', 'maxmemory', '1')
      try {
        await expect(writeAndTell()).rejects.toThrow('OOM')
        expect(await bump(['a'])).toEqual(['111', 1, 1])
      } finally {
        await stage.redis.command('CONFIG', 'SET', 'maxmemory', '0')
      }
    })
  })
})
