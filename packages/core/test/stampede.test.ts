import { describe, expect, test } from 'vitest'
import { type CachedName, GranaryError, type RecursiveLoad } from '../src/index.ts'
import { Database } from './stage/database.ts'
import { eventsOf, openMemory } from './stage/memory-stage.ts'

/** Three names whose loaders may call each other. */
function chain() {
  const { cache, clock } = openMemory()
  const define = (name: string): CachedName<[number], unknown> => cache.define(name, { ttl: '1m' })
  return { cache, clock, a: define('a'), b: define('b'), c: define('c') }
}

async function failureOf(work: Promise<unknown>): Promise<RecursiveLoad> {
  const error = await work.then(
    () => undefined,
    (caught) => caught,
  )
  expect(GranaryError.isInstance(error)).toBe(true)
  expect(error).toMatchObject({ code: 'RECURSIVE_LOAD' })
  return error
}

describe('C4: one load in one process', () => {
  test('1,000 callers of a cold key share one load, and count as one miss each', async () => {
    const { cache } = openMemory()
    const db = new Database([[1, 'ada']])
    const joined = eventsOf(cache, 'flight-joined')
    const values = await Promise.all(Array.from({ length: 1_000 }, () => cache.getOrSet('user', [1], db.reading(1))))
    expect(new Set(values)).toEqual(new Set(['ada']))
    expect(db.reads.length).toBe(1)
    expect(joined.length).toBe(999)
    expect(cache.stats()).toMatchObject({ loads: 1, misses: 1_000, joined: 999, hits: 0 })
  })

  test('different keys load side by side', async () => {
    const { cache } = openMemory()
    const db = new Database([
      [1, 'ada'],
      [2, 'bob'],
    ])
    const release = db.hold()
    const both = [1, 2].map((id) => cache.getOrSet('user', [id], db.reading(id)))
    expect(db.reads).toEqual([1, 2])
    release()
    expect(await Promise.all(both)).toEqual(['ada', 'bob'])
  })

  test("a load that fails rejects everyone who waits with the loader's own error, and is tried again by the next", async () => {
    const { cache } = openMemory()
    const error = Object.assign(new TypeError('no such table'), { code: '42P01' })
    const failing = Array.from({ length: 10 }, () => cache.getOrSet('user', [1], () => Promise.reject(error)))
    for (const result of await Promise.allSettled(failing))
      expect(result).toEqual({ status: 'rejected', reason: error })
    expect(await cache.getOrSet('user', [1], () => 'ada')).toBe('ada')
    expect(cache.stats().loadFailures).toBe(1)
  })

  test.each([
    [
      'throws instead of rejecting',
      () => {
        throw new Error('at once')
      },
    ],
    ['rejects with something that is no error', () => Promise.reject('at once')],
    ['rejects with undefined', () => Promise.reject(undefined)],
  ])('a loader that %s is passed through as it is', async (_, loader) => {
    const { cache } = openMemory()
    const plain = await Promise.resolve()
      .then(loader as () => never)
      .catch((error) => error)
    const seen = await cache.getOrSet('user', [1], loader as () => never).catch((error) => error)
    expect(seen).toEqual(plain)
  })

  test('a loader that answers at once is as good as one that promises', async () => {
    const { cache } = openMemory()
    expect(await cache.getOrSet('user', [1], () => 'ada')).toBe('ada')
  })
})

describe('C4: a load that asks for what its own chain is loading', () => {
  test('incident 22: asking for itself is refused, not waited for for ever', async () => {
    const { a } = chain()
    const error = await failureOf(a.getOrSet([1], () => a.getOrSet([1], () => 'never')))
    expect(error.chain).toEqual([a.keyOf([1]), a.keyOf([1])])
    expect(error.message).toContain(a.keyOf([1]))
  })

  test('over several others is refused, and the error tells the whole chain', async () => {
    const { a, b, c } = chain()
    const error = await failureOf(
      a.getOrSet([1], () => b.getOrSet([1], () => c.getOrSet([1], () => a.getOrSet([1], () => 'never')))),
    )
    expect(error.chain).toEqual([a, b, c, a].map((name) => name.keyOf([1])))
  })

  test('the loader may catch it and answer without the cache', async () => {
    const { a } = chain()
    expect(await a.getOrSet([1], () => a.getOrSet([1], () => 'never').catch(() => 'root'))).toBe('root')
  })

  test('other keys of the same name are no recursion', async () => {
    const { a } = chain()
    const depth = (n: number): Promise<unknown> => a.getOrSet([n], () => (n === 0 ? 'ground' : depth(n - 1)))
    expect(await depth(50)).toBe('ground')
  })

  test('two loads that wait for each other are not left waiting', async () => {
    const { a, b } = chain()
    const meet = new Database()
    const release = meet.hold()
    const both = [
      a.getOrSet([1], () => meet.read(1).then(() => b.getOrSet([1], () => 'b'))),
      b.getOrSet([1], () => meet.read(2).then(() => a.getOrSet([1], () => 'a'))),
    ]
    release()
    const results = await Promise.allSettled(both)
    expect(results.some(({ status }) => status === 'rejected')).toBe(true)
  })

  test('through a batch is refused', async () => {
    const { a, b } = chain()
    const error = await failureOf(
      a.getOrSetMany([[1], [2]], () =>
        b.getOrSet([1], () => a.getOrSet([2], () => 'never')).then((value) => [value, value]),
      ),
    )
    expect(error.chain.at(-1)).toBe(error.chain[0])
  })

  test('with consistency strong is refused too', async () => {
    const { cache } = openMemory()
    const named = cache.define<[number], unknown>('strong', { ttl: '1m', consistency: 'strong' })
    let depth = 0
    const recurse = (): Promise<unknown> => {
      if (++depth > 20) return Promise.reject(new Error('too deep'))
      return named.getOrSet([1], recurse)
    }
    await failureOf(recurse())
  })

  test('while everything is refreshed is refused too', async () => {
    const { cache, a } = chain()
    let depth = 0
    const recurse = (): Promise<unknown> => {
      if (++depth > 20) return Promise.reject(new Error('too deep'))
      return a.getOrSet([1], recurse)
    }
    await failureOf(cache.refresh(recurse))
  })

  test('a call after an invalidation inside the load is refused when it comes round again', async () => {
    const { cache, a } = chain()
    let depth = 0
    const recurse = async (): Promise<unknown> => {
      if (++depth > 20) throw new Error('too deep')
      await cache.delete('a', [1])
      return a.getOrSet([1], recurse)
    }
    await failureOf(recurse())
  })

  test('a background refresh is no part of the load that happened to start it', async () => {
    const { cache, clock } = openMemory()
    const inner = cache.define<[number], unknown>('inner', { ttl: '1s', staleWhileRevalidate: '1m', jitter: 0 })
    const outer = cache.define<[number], unknown>('outer', { ttl: '1m' })
    await inner.getOrSet([1], () => 'old')
    await clock.advanceAsync(2_000)
    const loadInner = () => outer.getOrSet([1], () => 'from inside')
    expect(await outer.getOrSet([1], () => inner.getOrSet([1], loadInner))).toBe('old')
    await cache.drain()
    expect(inner.peek([1])).toBe('old')
  })

  test('what a loader starts and leaves behind, a timer say, is no part of its load for ever', async () => {
    const { a } = chain()
    let later = () => {}
    const tick = new Promise<void>((resolve) => {
      later = resolve
    })
    let again: Promise<unknown> = Promise.resolve()
    await a.getOrSet([1], () => {
      again = tick.then(() => a.clear()).then(() => a.getOrSet([1], () => 'anew'))
      return 'first'
    })
    later()
    expect(await again).toBe('anew')
  })

  test('a listener may call the cache for the very key it hears of', async () => {
    const { cache, a } = chain()
    const heard: Promise<unknown>[] = []
    cache.on('load-started', () => heard.push(a.getOrSet([1], () => 'of the listener')))
    expect(await a.getOrSet([1], () => 'of the caller')).toBe('of the caller')
    expect(await Promise.all(heard)).toEqual(['of the caller'])
  })
})
