import { Cached, CacheScope, cacheGraph, Invalidates, nameOf } from '@granary/decorators'
import { describe, expect, test } from 'vitest'
import { configuredCache, memoryCache } from '../fresh-cache.ts'

describe('private methods', () => {
  class Vault {
    opened = 0

    @Cached({ name: 'private:secret', ttl: '1m' })
    async #secret(id: number): Promise<string> {
      this.opened += 1
      return `secret ${id}`
    }

    @Invalidates({ entries: [nameOf('private:secret')((id: number) => [id])] })
    async #shred(_id: number): Promise<void> {}

    @Cached({ name: 'private:static', ttl: '1m' })
    static async #shared(): Promise<number> {
      return 1
    }

    read(id: number): Promise<string> {
      return this.#secret(id)
    }

    shred(id: number): Promise<void> {
      return this.#shred(id)
    }

    static shared(): Promise<number> {
      return Vault.#shared()
    }
  }

  test('are cached, invalidated and shown in the graph under their own names', async () => {
    configuredCache()
    const vault = new Vault()
    await vault.read(1)
    await vault.read(1)
    expect(vault.opened).toBe(1)
    await vault.shred(1)
    expect(await vault.read(1)).toBe('secret 1')
    expect(vault.opened).toBe(2)
    expect(await Vault.shared()).toBe(1)
    const shown = cacheGraph().methods.filter(({ method }) => method.startsWith('Vault.'))
    expect(shown.map(({ method }) => method).sort()).toEqual(['Vault.#secret', 'Vault.#shared', 'Vault.#shred'])
  })

  test('use the scope of their class', async () => {
    const { cache } = memoryCache()
    @CacheScope({ cache, prefix: 'deep' })
    class Safe {
      @Cached({ name: 'private:inside', ttl: '1m' })
      async #inside(): Promise<number> {
        return 1
      }

      look(): Promise<number> {
        return this.#inside()
      }
    }
    await new Safe().look()
    expect(Object.keys(cache.stats().names)).toEqual(['deep:private:inside'])
    expect(cacheGraph().methods.map(({ id }) => id)).toContain('deep:private:inside')
  })
})

describe('the class of a method', () => {
  test('is not known before the first instance, and then it is', () => {
    class Late {
      @Cached({ name: 'late:one', ttl: '1m' })
      async one(): Promise<number> {
        return 1
      }

      @Invalidates({ names: ['late:one'] })
      async change(): Promise<void> {}
    }
    const shown = () => cacheGraph().methods.filter(({ id }) => id.includes('late:one') || id.includes('change'))
    expect(shown().map(({ method }) => method)).toEqual(['one', 'change'])
    new Late()
    expect(shown().map(({ id, method }) => [id, method])).toEqual([
      ['late:one', 'Late.one'],
      ['invalidates:Late.change', 'Late.change'],
    ])
  })

  test('is the one that holds the method, not the one that was instantiated', () => {
    class Base {
      @Cached({ name: 'holder:base', ttl: '1m' })
      async find(): Promise<number> {
        return 1
      }
    }
    class Derived extends Base {
      @Cached({ name: 'holder:derived', ttl: '1m' })
      override async find(): Promise<number> {
        return 2
      }
    }
    class Last extends Derived {}
    new Last()
    const shown = cacheGraph().methods.filter(({ id }) => id.startsWith('holder:'))
    expect(shown.map(({ id, method }) => [id, method])).toEqual([
      ['holder:base', 'Base.find'],
      ['holder:derived', 'Derived.find'],
    ])
  })

  test('is known to two unlike methods of one name that were never called', () => {
    class One {
      @Invalidates({ tags: ['x'] })
      async save(): Promise<void> {}
    }
    class Two {
      @Invalidates({ tags: ['y'] })
      async save(): Promise<void> {}
    }
    const saves = () =>
      cacheGraph()
        .methods.filter(({ method }) => method.endsWith('save'))
        .map(({ method }) => method)
    expect(saves()).toEqual(['save', 'save'])
    new One()
    new Two()
    expect(saves().sort()).toEqual(['One.save', 'Two.save'])
  })
})
