import { Cached, CacheScope, cacheGraph, entryOf, Invalidates, nameOf } from '@granary/decorators'
import { describe, expect, test } from 'vitest'
import { configuredCache, memoryCache } from './fresh-cache.ts'

describe('@CacheScope', () => {
  test('gives every cached method of the class a cache and a prefix', async () => {
    const { cache } = memoryCache()
    @CacheScope({ cache, prefix: 'billing' })
    class Invoices {
      @Cached({ name: 'invoice', ttl: '1m' })
      async byId(id: number): Promise<number> {
        return id
      }

      @Cached({ name: 'total', ttl: '1m' })
      static async total(): Promise<number> {
        return 1
      }

      @Invalidates({ names: ['billing:invoice'] })
      async importAll(): Promise<void> {}
    }
    const invoices = new Invoices()
    await invoices.byId(1)
    await Invoices.total()
    expect(Object.keys(cache.stats().names).sort()).toEqual(['billing:invoice', 'billing:total'])
    expect(
      cacheGraph()
        .methods.filter(({ method }) => method.startsWith('Invoices.'))
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['billing:invoice', 'billing:total', 'invalidates:Invoices.importAll'])
    await invoices.importAll()
    expect((await cache.observe(() => invoices.byId(1))).outcome).toBe('miss')
  })

  test('lets two classes use one short name', async () => {
    configuredCache()
    @CacheScope({ prefix: 'users' })
    class Users {
      @Cached({ name: 'scope_by_id', ttl: '1m' })
      async byId(id: number): Promise<string> {
        return `user ${id}`
      }
    }
    @CacheScope({ prefix: 'plans' })
    class Plans {
      @Cached({ name: 'scope_by_id', ttl: '1m' })
      async byId(id: number): Promise<string> {
        return `plan ${id}`
      }
    }
    expect([await new Users().byId(1), await new Plans().byId(1)]).toEqual(['user 1', 'plan 1'])
  })

  test('gives policy options that a method may still give itself', async () => {
    const { cache, clock } = configuredCache()
    @CacheScope({ defaults: { staleIfError: '1h', jitter: 0 } })
    class Plans {
      down = false

      @Cached({ name: 'scope:kept', ttl: '1m' })
      async kept(): Promise<string> {
        if (this.down) throw new Error('database away')
        return 'gold'
      }

      @Cached({ name: 'scope:own', ttl: '1m', staleIfError: '1s' })
      async own(): Promise<string> {
        if (this.down) throw new Error('database away')
        return 'gold'
      }
    }
    const plans = new Plans()
    await plans.kept()
    await plans.own()
    plans.down = true
    clock.advance(120_000)
    expect(await cache.observe(() => plans.kept())).toMatchObject({ value: 'gold', outcome: 'stale' })
    await expect(plans.own()).rejects.toThrow('database away')
  })

  test('holds for subclasses, which change what they name and keep the rest', async () => {
    const { cache } = memoryCache()
    @CacheScope({ cache, prefix: 'base', defaults: { jitter: 0 } })
    class Base {
      @Cached({ name: 'scope_row', ttl: '1m' })
      async row(id: number): Promise<string> {
        return `${this.constructor.name} ${id}`
      }
    }
    class Plain extends Base {}
    @CacheScope({ prefix: 'derived' })
    class Derived extends Base {}
    @CacheScope({ defaults: { copy: 'clone' } })
    class Cloning extends Base {}
    expect(await new Base().row(1)).toBe('Base 1')
    expect(await new Plain().row(1)).toBe('Base 1')
    expect(await new Derived().row(1)).toBe('Derived 1')
    expect(await new Cloning().row(1)).toBe('Base 1')
    expect(Object.keys(cache.stats().names).sort()).toEqual(['base:scope_row', 'derived:scope_row'])
  })

  test('is the scope of the class that entryOf names, whoever invalidates', async () => {
    const { cache: ofInvoices } = memoryCache()
    const { cache: configured } = configuredCache()
    @CacheScope({ cache: ofInvoices, prefix: 'linked' })
    class Invoices {
      @Cached({ name: 'invoice', ttl: '1m' })
      async byId(id: number): Promise<number> {
        return id
      }

      @Cached({ name: 'note', ttl: '1m' })
      private async note(id: number): Promise<number> {
        return id
      }

      showNote(id: number): Promise<number> {
        return this.note(id)
      }
    }
    @CacheScope({ prefix: 'other' })
    class Payments {
      @Invalidates({
        entries: [entryOf(() => Invoices, 'byId')((id: number) => [id]), nameOf('linked:note')((id: number) => [id])],
        names: ['linked:note'],
      })
      async pay(_id: number): Promise<void> {}
    }
    const invoices = new Invoices()
    await invoices.byId(1)
    await invoices.showNote(1)
    await new Payments().pay(1)
    expect((await ofInvoices.observe(() => invoices.byId(1))).outcome).toBe('miss')
    expect((await ofInvoices.observe(() => invoices.showNote(1))).outcome).toBe('miss')
    expect(configured.stats().names).toEqual({})
  })
})
