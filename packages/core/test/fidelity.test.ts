import { describe, expect, test } from 'vitest'
import { c9Values, classes, identical } from '../../serialization/test/c9-values.ts'
import { eventsOf, openMemory } from './stage/memory-stage.ts'

describe('C9: from memory everything comes back as it went in', () => {
  test.each(c9Values)(
    '$name: to the caller of the miss, to those who waited with it, and to every hit',
    async ({ make, shareable }) => {
      const { cache } = openMemory({ classes })
      const named = cache.define<[], unknown>('value', { ttl: '1m', negativeTtl: '1m' })
      const waited = await Promise.all([named.getOrSet([], make), named.getOrSet([], make)])
      const hits = [await named.getOrSet([], () => 'loaded'), await named.get([]), named.peek([])]
      for (const value of [...waited, ...hits]) expect(identical(value, make())).toBe(true)
      if (typeof make() === 'object' && make() !== null) expect(hits[0] === hits[1]).toBe(shareable)
      expect(cache.stats()).toMatchObject({ loads: 1, refused: 0 })
    },
  )

  test.each(c9Values)('$name: written through, or set, it is read back', async ({ make }) => {
    const { cache } = openMemory({ classes })
    const named = cache.define<[string], unknown>('value', { ttl: '1m', negativeTtl: '1m' })
    expect(identical(await named.put(['put'], make), make())).toBe(true)
    await named.set(['set'], make())
    for (const how of ['put', 'set']) expect(identical(await named.getOrSet([how], () => 'loaded'), make())).toBe(true)
  })
})

describe('C9: nobody can change what others are served', () => {
  test('changing plain data of a hit is a TypeError, at any depth', async () => {
    const { cache } = openMemory()
    const row = await cache.getOrSet('row', [1], () => ({ id: 1, tags: ['a'], plan: { name: 'free' } }))
    const hit = (await cache.getOrSet('row', [1], () => row)) as typeof row
    for (const value of [row, hit]) {
      expect(() => Object.assign(value, { id: 2 })).toThrow(TypeError)
      expect(() => value.tags.push('b')).toThrow(TypeError)
      expect(() => Object.assign(value.plan, { name: 'pro' })).toThrow(TypeError)
    }
    expect(await cache.getOrSet('row', [1], () => row)).toEqual({ id: 1, tags: ['a'], plan: { name: 'free' } })
  })

  test.each([
    ['a Date', () => new Date(0), (date: Date) => void date.setFullYear(1999)],
    ['a Map', () => new Map([['a', 1]]), (map: Map<string, number>) => void map.set('a', 666)],
    ['a Set', () => new Set(['a']), (set: Set<string>) => void set.add('b')],
    ['bytes', () => Buffer.from('abc'), (bytes: Buffer) => void bytes.fill(0)],
    [
      'plain data around a Date',
      () => ({ at: new Date(0), n: 1 }),
      (row: { at: Date; n: number }) => void row.at.setFullYear(1999),
    ],
  ])('%s of a hit, of the miss, or kept by the loader may be changed: it is a copy', async (_, make, spoil) => {
    const { cache } = openMemory()
    const kept: unknown[] = []
    const read = () =>
      cache.getOrSet('row', [1], () => {
        const value = make()
        kept.push(value)
        return value
      })
    const seen = await Promise.all([read(), read()])
    seen.push(await read())
    for (const value of [...kept, ...seen]) (spoil as (value: unknown) => void)(value)
    expect(await read()).toEqual(make())
    expect(kept.length).toBe(1)
  })

  test('what a stored value was made from may be changed after set and put', async () => {
    const { cache } = openMemory()
    const [one, other] = [new Map([['a', 1]]), new Map([['a', 1]])]
    await cache.set('row', [1], one)
    await cache.define<[number], unknown>('put', { ttl: '1m' }).put([1], () => other)
    one.set('a', 666)
    other.set('a', 666)
    expect([cache.peek('row', [1]), cache.peek('put', [1])]).toEqual([new Map([['a', 1]]), new Map([['a', 1]])])
  })

  test("copy: 'clone' gives every caller a copy of its own to change", async () => {
    const { cache } = openMemory()
    const named = cache.define<[], { list: number[] }>('row', { ttl: '1m', copy: 'clone' })
    const first = await named.getOrSet([], () => ({ list: [1] }))
    first.list.push(2)
    const second = await named.getOrSet([], () => ({ list: [] }))
    second.list.push(3)
    expect(await named.getOrSet([], () => ({ list: [] }))).toEqual({ list: [1] })
  })

  test("copy: 'trust' shares the very value, unfrozen", async () => {
    const { cache } = openMemory()
    const named = cache.define<[], Map<string, number>>('row', { ttl: '1m', copy: 'trust' })
    const loaded = new Map([['a', 1]])
    expect(await named.getOrSet([], () => loaded)).toBe(loaded)
    expect(await named.getOrSet([], () => new Map())).toBe(loaded)
  })
})

describe('C9: what could not come back equal is not stored', () => {
  class Unregistered {
    readonly secret = 42
  }

  test.each([
    ['a function', () => ({ user: { onChange: () => 1 } }), '.user.onChange'],
    ['a symbol', () => ({ list: [1, Symbol('s')] }), '.list[1]'],
    ['an instance of an unregistered class', () => ({ data: new Map([['k', new Unregistered()]]) }), '.data'],
    ['a promise', () => ({ later: Promise.resolve(1) }), '.later'],
    ['a weak map', () => ({ cache: new WeakMap() }), '.cache'],
    ['a function alone', () => () => 1, ''],
  ])('%s: the caller gets the very value, and an event names the place', async (_, make, path) => {
    const { cache } = openMemory()
    const refused = eventsOf(cache, 'value-refused')
    const value = make()
    expect(await cache.getOrSet('row', [1], () => value as unknown)).toBe(value)
    expect(Object.isFrozen(value)).toBe(false)
    expect(cache.peek('row', [1])).toBeUndefined()
    expect(refused).toMatchObject([{ name: 'row', path: expect.stringContaining(path) }])
    expect(cache.stats().refused).toBe(1)
    await cache.getOrSet('row', [1], () => 'plain')
    expect(cache.peek('row', [1])).toBe('plain')
  })

  test('set refuses it the same way, and what was stored before is gone', async () => {
    const { cache } = openMemory()
    await cache.set('row', [1], 'old')
    const refused = eventsOf(cache, 'value-refused')
    await cache.set('row', [1], { f: () => 1 })
    expect(cache.peek('row', [1])).toBeUndefined()
    expect(refused.length).toBe(1)
  })

  test('a value whose own code fails while it is looked at costs the entry, never the call', async () => {
    const { cache } = openMemory()
    const value = {
      get trap(): never {
        throw new Error('do not look')
      },
    }
    expect(await cache.getOrSet('row', [1], () => value)).toBe(value)
    expect(cache.peek('row', [1])).toBeUndefined()
  })
})

describe('C10: errors and nulls', () => {
  test.each([[null], [undefined]])('%s is a value: a hit on it is a hit', async (nothing) => {
    const { cache } = openMemory()
    await cache.getOrSet('user', [404], () => nothing)
    expect(await cache.observe(() => cache.getOrSet('user', [404], () => 'found'))).toMatchObject({
      value: nothing,
      outcome: 'hit',
      tier: 'l1',
    })
    expect(cache.stats()).toMatchObject({ hits: 1, hitsNegative: 1, loads: 1 })
  })

  test('negative entries have tags of their own', async () => {
    const { cache } = openMemory()
    const named = cache.define<[number], { id: number } | null>('user', {
      ttl: '1m',
      tags: (user) => [`user:${user.id}`],
      negativeTags: (id) => [`absent:${id}`],
    })
    await named.getOrSet([1], () => null)
    await cache.invalidateTags(['user:1'])
    expect(named.peek([1])).toBeNull()
    await cache.invalidateTags(['absent:1'])
    expect(named.peek([1])).toBeUndefined()
  })

  test('fixed tags hold for negative entries too', async () => {
    const { cache } = openMemory()
    await cache.getOrSet('user', [1], () => null, { ttl: '1m', tags: ['users'] })
    await cache.invalidateTags(['users'])
    expect(cache.peek('user', [1])).toBeUndefined()
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('no tags')
      },
    ],
    ['gives something that is no tag', () => [42]],
    ['gives an empty tag', () => ['']],
  ])('a tags function that %s costs the entry, never the call', async (_, tags) => {
    const { cache } = openMemory()
    const failed = eventsOf(cache, 'option-failed')
    expect(await cache.getOrSet('user', [1], () => 'ada', { ttl: '1m', tags: tags as never })).toBe('ada')
    expect(cache.peek('user', [1])).toBeUndefined()
    expect(failed).toMatchObject([{ name: 'user', option: 'tags' }])
  })
})

describe('C2 and C10: batches', () => {
  const users = new Map([1, 2, 3].map((id) => [id, { id }]))

  test('answers keep the order of the ids, absent ones are remembered, and doubles cost nothing', async () => {
    const { cache } = openMemory()
    const asked: (readonly number[])[] = []
    const load = async (missing: readonly number[]) => {
      asked.push(missing)
      return new Map(missing.flatMap((id) => (users.has(id) ? [[id, users.get(id)] as const] : [])))
    }
    const first = await cache.getOrSetMany('user', [3, 404, 1, 3], load)
    expect([...first]).toEqual([
      [3, { id: 3 }],
      [404, undefined],
      [1, { id: 1 }],
    ])
    const second = await cache.getOrSetMany('user', [1, 2, 404], load)
    expect([...second.values()]).toEqual([{ id: 1 }, { id: 2 }, undefined])
    expect(asked).toEqual([[3, 404, 1], [2]])
    expect(await cache.getOrSet('user', [2], () => 'loaded')).toEqual({ id: 2 })
  })

  test('a loader may answer with a list in the order it was asked', async () => {
    const { cache } = openMemory()
    const answers = await cache.getOrSetMany('user', [2, 1], async (missing) => missing.map((id) => users.get(id)))
    expect([...answers.values()]).toEqual([{ id: 2 }, { id: 1 }])
  })

  test('no ids, no load', async () => {
    const { cache } = openMemory()
    expect((await cache.getOrSetMany('user', [], () => Promise.reject(new Error('asked')))).size).toBe(0)
  })

  test.each([
    ['too few', async () => [1]],
    ['too many', async () => [1, 2, 3]],
    ['no list', async () => 'ada'],
  ])('a loader that answers with %s is refused, and nothing is stored', async (_, load) => {
    const { cache } = openMemory()
    await expect(cache.getOrSetMany('user', [1, 2], load as never)).rejects.toMatchObject({
      code: 'BATCH_MISMATCH',
      message: expect.stringContaining("'user'"),
    })
    expect([cache.peek('user', [1]), cache.peek('user', [2])]).toEqual([undefined, undefined])
  })

  test("a loader that fails rejects with its own error, keeps nothing, and other keys' hits are not asked again", async () => {
    const { cache } = openMemory()
    await cache.getOrSet('user', [1], () => 'ada')
    const error = new Error('database down')
    await expect(cache.getOrSetMany('user', [1, 2], () => Promise.reject(error))).rejects.toBe(error)
    expect(cache.peek('user', [1])).toBe('ada')
    expect(cache.peek('user', [2])).toBeUndefined()
  })

  test('an id that makes no key refuses the batch before it begins: calls for its other ids load as ever', async () => {
    const { cache } = openMemory()
    const named = cache.define<[unknown], string>('user', { ttl: '1m' })
    const asked: unknown[] = []
    const load = async (missing: readonly (readonly unknown[])[]) => {
      asked.push(...missing)
      return missing.map(() => 'by batch')
    }
    await expect(named.getOrSetMany([[1], [2], [() => {}]], load)).rejects.toMatchObject({ code: 'UNKEYABLE_ARGUMENT' })
    expect(asked).toEqual([])
    expect(cache.inspect().flights, 'nobody may be left waiting for a load that will not begin').toBe(0)
    expect(await named.getOrSet([1], () => 'alone')).toBe('alone')
  })

  test('a single call joins the batch that is loading its key', async () => {
    const { cache } = openMemory()
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const batch = cache.getOrSetMany('user', [1, 2], async (missing) => {
      await held
      return missing.map((id) => `row ${id}`)
    })
    const single = cache.getOrSet('user', [2], () => 'loaded alone')
    release()
    await batch
    expect(await single).toBe('row 2')
  })

  test('a condition is asked for every call of a batch', async () => {
    const { cache } = openMemory()
    const named = cache.define<[number, boolean], string>('user', {
      ttl: '1m',
      key: (id) => id,
      condition: (_, cached) => cached,
    })
    const calls: readonly (readonly [number, boolean])[] = [
      [1, true],
      [2, false],
      [3, true],
    ]
    const load = async (missing: readonly (readonly [number, boolean])[]) => missing.map(([id]) => `row ${id}`)
    expect(await named.getOrSetMany(calls as [number, boolean][], load)).toEqual(['row 1', 'row 2', 'row 3'])
    expect([1, 2, 3].map((id) => named.peek([id, true]))).toEqual(['row 1', undefined, 'row 3'])
    expect(
      await named.getOrSetMany(
        [
          [1, false],
          [3, true],
        ],
        async (missing) => missing.map(([id]) => `new ${id}`),
      ),
    ).toEqual(['new 1', 'row 3'])
  })
})
