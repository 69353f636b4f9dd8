import { cached, configureGranary, entryOf, Invalidates } from '@granary/decorators'
import { expect, test } from 'vitest'
import { configuredCache, memoryCache, rejectionOf, thrownBy } from './fresh-cache.ts'

test('a cached function runs once for equal arguments and keeps its name and length', async () => {
  configuredCache()
  let runs = 0
  async function priceOf(model: string, currency: string): Promise<string> {
    runs += 1
    return `${model} in ${currency}`
  }
  const price = cached(priceOf, { name: 'function:price', ttl: '30m' })
  expect([await price('m1', 'eur'), await price('m1', 'eur'), await price('m1', 'usd')]).toEqual([
    'm1 in eur',
    'm1 in eur',
    'm1 in usd',
  ])
  expect([runs, price.name, price.length]).toEqual([2, 'priceOf', 2])
})

test('its cache is the option or the configured one, never that of an object it is called on', async () => {
  const { cache: option } = memoryCache()
  const { cache: configured } = memoryCache()
  const { cache: ofHolder } = memoryCache()
  const withOption = cached(async () => 1, { name: 'function:option', ttl: '1m', cache: option })
  const without = cached(async () => 1, { name: 'function:configured', ttl: '1m' })
  expect((await rejectionOf(without())).message).toContain(
    "cached() on an anonymous function (name 'function:configured') has no cache",
  )
  const restore = configureGranary({ cache: configured })
  await withOption()
  await { cache: ofHolder, without }.without()
  restore()
  expect(Object.keys(option.stats().names)).toEqual(['function:option'])
  expect(Object.keys(configured.stats().names)).toEqual(['function:configured'])
  expect(ofHolder.stats().names).toEqual({})
})

test('this is passed on to the function and to its options', async () => {
  configuredCache()
  const seen: unknown[] = []
  const holder = {
    unit: 'ms',
    of: cached(
      async function (this: { unit: string } | undefined, value: number) {
        return `${value}${this?.unit ?? ''}`
      },
      {
        name: 'function:this',
        ttl: '1m',
        partition(this: { unit: string }) {
          seen.push(this.unit)
          return this.unit
        },
      },
    ),
  }
  expect(await holder.of(5)).toBe('5ms')
  expect(seen).toContain('ms')
})

test('its entries are found by a thunk, whichever cache the other service has', async () => {
  const { cache } = configuredCache()
  const { cache: other } = memoryCache()
  let runs = 0
  const price = cached(async (model: string) => `${model} ${++runs}`, { name: 'function:linked', ttl: '1m' })
  class Admin {
    readonly cache = other

    @Invalidates({ entries: [entryOf(() => price)((model: string) => [model])] })
    async reprice(_model: string): Promise<void> {}
  }
  expect([await price('a'), await price('b')]).toEqual(['a 1', 'b 2'])
  await new Admin().reprice('a')
  expect([await price('a'), await price('b')]).toEqual(['a 3', 'b 2'])
  expect(cache.stats().names['function:linked']?.invalidations).toBe(1)
})

test('options that were forgotten are asked for, by the name of the function', () => {
  async function priceOf(model: string): Promise<string> {
    return model
  }
  const forgetful = cached as (fn: unknown) => unknown
  expect(thrownBy(() => forgetful(priceOf)).message).toMatch(
    /cached\(\) on priceOf.*options: undefined.*a name and a ttl/,
  )
})
