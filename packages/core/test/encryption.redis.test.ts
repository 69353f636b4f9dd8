import { FRAME } from '@granary/serialization'
import { describe, expect, test } from 'vitest'
import { stampChecksum } from '../src/engine/frame/checksum.ts'
import type { Cache, CacheOptions } from '../src/index.ts'
import { eventsOf } from './stage/memory-stage.ts'
import { useRedis } from './stage/redis-stage.ts'

const stage = useRedis()
const POLICY = { ttl: '5m', tags: ['people'] } as const
const OLD = { id: '2025', key: Buffer.alloc(32, 1) }
const NEW = { id: '2026', key: Buffer.alloc(32, 2).toString('base64') }
const PERSON = { name: 'Ada Lovelace', note: 'very confidential' }

const node = (...keys: NonNullable<CacheOptions['encrypt']>['keys']) =>
  stage.node({ encrypt: { keys }, maxStaleness: '30s' })
const people = (cache: Cache) => cache.define<[number], typeof PERSON>('person', POLICY)
const bytesAt = async (key: string) => (await stage.redis.commandBytes('GET', key)) as Buffer

/** Stores the person under an id, and resolves to where it is. */
async function store(cache: Cache, id: number): Promise<string> {
  await people(cache).getOrSet([id], () => PERSON)
  await cache.drain()
  return people(cache).keyOf([id])
}

describe('C11: secrets at rest', () => {
  test('nothing of a value can be read in Redis, and every holder of the key reads it', async () => {
    const [one, other] = [await node(OLD), await node(OLD)]
    const bytes = await bytesAt(await store(one, 1))
    for (const part of ['Ada', 'confidential', 'note', 'name']) expect(bytes.includes(part)).toBe(false)
    expect(await people(other).get([1])).toEqual(PERSON)
    expect(await stage.redis.command('KEYS', `*Ada*`)).toEqual([])
  })

  test('without keys the same value can be read: the test above can fail', async () => {
    const cache = await stage.node()
    expect((await bytesAt(await store(cache, 1))).includes('confidential')).toBe(true)
  })

  test('one value is never stored as the same bytes twice', async () => {
    const cache = await node(OLD)
    const payload = async (id: number) =>
      (await bytesAt(await store(cache, id))).subarray(FRAME.tags + 8).toString('hex')
    expect(await payload(1)).not.toBe(await payload(2))
  })

  test('a payload that is moved to another key does not open there, whoever makes its checksum anew', async () => {
    const [one, other] = [await node(OLD), await node(OLD)]
    const [from, to] = [await store(one, 1), people(one).keyOf([2])]
    const frame = Buffer.from(await bytesAt(from))
    stampChecksum(frame, to)
    await stage.redis.command('SET', to, frame)
    const rejected = eventsOf(other, 'frame-rejected')
    expect(await people(other).get([2])).toBeUndefined()
    expect(rejected).toMatchObject([{ cause: { code: 'FRAME_SEAL' } }])
    expect(await people(other).get([1])).toEqual(PERSON)
  })

  test.each([
    ['its end', FRAME.hardExpiry],
    ['its freshness', FRAME.freshUntil],
    ['its birth', FRAME.created],
    ['its reading of the clock', FRAME.reading],
    ['its tags', FRAME.tags],
    ['the server that granted it', FRAME.life],
    ['its version', FRAME.versionAt],
    ['its payload', FRAME.tags + 8 + 40],
  ])('whoever can write to Redis cannot change %s', async (_, at) => {
    const [one, other] = [await node(OLD), await node(OLD)]
    const key = await store(one, 1)
    const bytes = Buffer.from(await bytesAt(key))
    bytes[at + 1] = (bytes[at + 1] as number) ^ 1
    await stage.redis.command('SET', key, bytes)
    expect(await people(other).get([1])).toBeUndefined()
    expect(await people(other).getOrSet([1], () => ({ ...PERSON, name: 'loaded' }))).toMatchObject({ name: 'loaded' })
  })

  test('a new key in front seals, and the old one behind it still opens', async () => {
    const before = await node(OLD)
    await store(before, 1)
    const after = await node(NEW, OLD)
    expect(await people(after).get([1])).toEqual(PERSON)
    const bytes = await bytesAt(await store(after, 2))
    expect(bytes.includes('2026')).toBe(true)
    expect(await people(await node(NEW)).get([2])).toEqual(PERSON)
  })

  test('an entry of an unknown key is a miss that is told, and is replaced', async () => {
    const before = await node(OLD)
    await store(before, 1)
    const after = await node(NEW)
    const rejected = eventsOf(after, 'frame-rejected')
    expect(await people(after).getOrSet([1], () => ({ ...PERSON, name: 'loaded' }))).toMatchObject({ name: 'loaded' })
    await after.drain()
    expect(rejected).toMatchObject([{ cause: { code: 'FRAME_KEY' } }])
    expect(await people(await node(NEW)).get([1])).toMatchObject({ name: 'loaded' })
  })

  test('a key of the same name but other bytes opens nothing', async () => {
    await store(await node(OLD), 1)
    expect(await people(await node({ id: OLD.id, key: Buffer.alloc(32, 9) })).get([1])).toBeUndefined()
  })

  test('a name may go without it, or be the only one with it', async () => {
    const cache = await node(OLD)
    const open = cache.define<[], typeof PERSON>('open', { ttl: '5m', encrypt: false })
    const sealed = cache.define<[], typeof PERSON>('sealed', { ttl: '5m', encrypt: true })
    for (const name of [open, sealed]) await name.getOrSet([], () => PERSON)
    await cache.drain()
    expect((await bytesAt(open.keyOf([]))).includes('confidential')).toBe(true)
    expect((await bytesAt(sealed.keyOf([]))).includes('confidential')).toBe(false)
  })

  test('a name that wants to be sealed where there is no key is refused at once', async () => {
    const cache = await stage.node()
    expect(() => cache.define('sealed', { ttl: '5m', encrypt: true })).toThrow(/^sealed: encrypt: .*keys/)
  })

  test('whoever can write to Redis cannot put an unsealed value in the place of a sealed one', async () => {
    const [intruder, owner] = [await stage.node(), await node(OLD)]
    await people(intruder).set([1], { ...PERSON, name: 'Mallory' })
    const rejected = eventsOf(owner, 'frame-rejected')
    expect(await people(owner).get([1])).toBeUndefined()
    expect(rejected).toMatchObject([{ cause: { code: 'FRAME_SEAL' } }])
    expect(await people(owner).getOrSet([1], () => PERSON)).toEqual(PERSON)
    await owner.drain()
    expect(await people(await node(OLD)).get([1])).toEqual(PERSON)
  })

  test('a name that goes without reads what was sealed before', async () => {
    await store(await node(OLD), 1)
    const cache = await node(OLD)
    expect(await cache.define<[number], typeof PERSON>('person', { ...POLICY, encrypt: false }).get([1])).toEqual(
      PERSON,
    )
  })
})
