import { type CachedName, createCache } from '@granary/core'
import { Cached, cached, entryOf, Invalidates, recordOf } from '@granary/decorators'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { configuredCache, rejectionOf } from './fresh-cache.ts'

interface User {
  readonly id: number
  readonly name: string
}

const known = (id: number) => id < 100

class Users {
  readonly asked: (readonly number[])[] = []

  @Cached({ name: 'batch:map', ttl: '1m', batch: true, tags: (user: User) => [`batch-user:${user.id}`] })
  async byIds(ids: readonly number[], locale: string): Promise<Map<number, User>> {
    this.asked.push(ids)
    return new Map(ids.filter(known).map((id) => [id, { id, name: `${locale} ${id}` }]))
  }

  @Cached({ name: 'batch:array', ttl: '1m', batch: 'array', key: (id: number) => id })
  async inOrder(ids: number[]): Promise<(User | null)[]> {
    this.asked.push(ids)
    return ids.map((id) => (known(id) ? { id, name: String(id) } : null))
  }

  @Invalidates({ entries: [entryOf(() => Users, 'byIds')((ids: number[], locale: string) => [ids, locale])] })
  async forget(_ids: number[], _locale: string): Promise<void> {}
}

describe('a batch method', () => {
  test('is called for the ids that are missing only, and answers in its own form', async () => {
    configuredCache()
    const users = new Users()
    expect(await users.byIds([1, 2], 'en')).toEqual(
      new Map([
        [1, { id: 1, name: 'en 1' }],
        [2, { id: 2, name: 'en 2' }],
      ]),
    )
    expect([...(await users.byIds([3, 2, 1], 'en')).keys()]).toEqual([3, 2, 1])
    expect(await users.byIds([2], 'de')).toEqual(new Map([[2, { id: 2, name: 'de 2' }]]))
    expect(users.asked).toEqual([[1, 2], [3], [2]])
  })

  test('answers an array in the order of the ids, and remembers who is absent', async () => {
    configuredCache()
    const users = new Users()
    expect(await users.inOrder([7, 100])).toEqual([{ id: 7, name: '7' }, null])
    expect(await users.inOrder([100, 8, 7])).toEqual([null, { id: 8, name: '8' }, { id: 7, name: '7' }])
    expect(users.asked).toEqual([[7, 100], [8]])
  })

  test('leaves absent ids out of its Map, from the cache as from the method', async () => {
    configuredCache()
    const users = new Users()
    expect([...(await users.byIds([100, 1], 'en')).keys()]).toEqual([1])
    expect([...(await users.byIds([100, 1], 'en')).keys()]).toEqual([1])
    expect(users.asked).toEqual([[100, 1]])
  })

  test('is asked itself about no ids at all', async () => {
    configuredCache()
    const users = new Users()
    expect(await users.byIds([], 'en')).toEqual(new Map())
    expect(users.asked).toEqual([[]])
  })

  test('loses single entries by tag, and by reference one for each id', async () => {
    const { cache } = configuredCache()
    const users = new Users()
    await users.byIds([1, 2, 3, 4], 'en')
    await cache.invalidateTags(['batch-user:2'])
    await users.forget([3, 4], 'en')
    await users.byIds([1, 2, 3, 4], 'en')
    expect(users.asked).toEqual([
      [1, 2, 3, 4],
      [2, 3, 4],
    ])
  })

  test('learns the form of its answers from one id, when all is cached before its first load', async () => {
    configuredCache()
    const asked: (readonly number[])[] = []
    const double = async (ids: number[]) => {
      asked.push(ids)
      return new Map(ids.map((id) => [id, id * 2]))
    }
    const learning = cached(double, { name: 'batch:learning', ttl: '1m', batch: true })
    const declared = cached(double, { name: 'batch:declared', ttl: '1m', batch: 'map' })
    const both = new Map([
      [1, 2],
      [2, 4],
    ])
    // What another process would have left in Redis.
    for (const fn of [learning, declared]) for (const [id, value] of both) await namedOf(fn).set([id], value)
    expect(await learning([1, 2])).toEqual(both)
    expect(asked).toEqual([[1]])
    expect(await learning([2, 1])).toEqual(both)
    expect(await declared([1, 2])).toEqual(both)
    expect(asked).toEqual([[1]])
  })

  test('says what is wrong with its first argument or its answer', async () => {
    configuredCache()
    class Odd {
      @Cached({ name: 'batch:odd', ttl: '1m', batch: 'map' })
      async odd(_ids: number[], answer: unknown): Promise<Map<number, number>> {
        return answer as Map<number, number>
      }

      @Cached({ name: 'batch:short', ttl: '1m', batch: 'array' })
      async short(ids: number[]): Promise<number[]> {
        return ids.slice(1)
      }

      @Cached({ name: 'batch:sync', ttl: '1m', batch: true })
      sync(ids: number[]): Promise<number[]> {
        return ids as never
      }
    }
    const odd = new Odd()
    expect(await rejectionOf(odd.odd(5 as never, new Map()))).toMatchObject({ code: 'INVALID_OPTION' })
    const array = await rejectionOf(odd.odd([1], [1]))
    expect(array).toMatchObject({ code: 'BATCH_MISMATCH' })
    expect(array.message).toContain('answered with an array instead of a Map')
    expect((await rejectionOf(odd.odd([2], 'two'))).message).toContain('answered with two instead of a Map')
    expect(await rejectionOf(odd.short([1, 2]))).toMatchObject({ code: 'BATCH_MISMATCH' })
    expect(await rejectionOf(odd.sync([1]))).toMatchObject({ code: 'NOT_A_PROMISE' })
  })

  test('passes on the error of the method itself', async () => {
    configuredCache()
    const broken = new Error('away')
    const byIds = cached(
      async (_ids: number[]): Promise<number[]> => {
        throw broken
      },
      { name: 'batch:broken', ttl: '1m', batch: 'array' },
    )
    expect(await rejectionOf(byIds([1, 2]))).toBe(broken)
  })

  test('answers every batch as if nothing were cached, and never asks for an id twice', async () => {
    const ids = fc.array(fc.integer({ min: 95, max: 104 }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(fc.array(ids, { maxLength: 6 }), async (batches) => {
        const cache = createCache()
        const [one, other] = [new Users(), new Users()].map((users) => Object.assign(users, { cache }))
        for (const batch of batches) {
          const present = new Set(batch.filter(known))
          expect(await one?.byIds(batch, 'en')).toEqual(
            new Map([...present].map((id) => [id, { id, name: `en ${id}` }])),
          )
          const inOrder = batch.map((id) => (known(id) ? { id, name: String(id) } : null))
          expect(await other?.inOrder(batch)).toEqual(inOrder)
        }
        for (const users of [one, other]) {
          const asked = users?.asked.flat() ?? []
          expect(new Set(asked).size).toBe(asked.length)
        }
        await cache.close()
      }),
      { numRuns: 100 },
    )
  })
})

function namedOf(fn: object): CachedName {
  return recordOf(fn)?.nodes[0]?.entries?.reach(undefined).named as CachedName
}
