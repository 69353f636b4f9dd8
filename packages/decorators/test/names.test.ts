import { Cached, cached, cacheGraph, type MethodNode } from '@granary/decorators'
import { describe, expect, test } from 'vitest'
import { configuredCache, rejectionOf } from './fresh-cache.ts'

const registered = (name: string): MethodNode | undefined => {
  const registry = Reflect.get(globalThis, Symbol.for('granary.registry')) as { methods: Map<string, MethodNode> }
  return registry.methods.get(name)
}

describe('two methods with one name', () => {
  test('throw at the first call of the second, and at every later one; the first goes on', async () => {
    configuredCache()
    const runs: string[] = []
    class Users {
      @Cached({ name: 'rival:item', ttl: '1m' })
      async byId(id: number): Promise<string> {
        runs.push('user')
        return `user ${id}`
      }
    }
    class Plans {
      @Cached({ name: 'rival:item', ttl: '1m' })
      async find(id: number): Promise<string> {
        runs.push('plan')
        return `plan ${id}`
      }
    }
    const [users, plans] = [new Users(), new Plans()]
    expect(await users.byId(1)).toBe('user 1')
    for (let call = 0; call < 2; call++) {
      const refused = await rejectionOf(plans.find(1))
      expect(refused).toMatchObject({ code: 'NAME_TAKEN' })
      expect(refused.message).toContain("The name 'rival:item' belongs to Users.byId")
      expect(refused.message).toContain('Plans.find asks for it too')
    }
    expect(await users.byId(2)).toBe('user 2')
    expect(runs).toEqual(['user', 'user'])
  })

  test('are rivals even in one class, in one hierarchy, and when their text is the same', async () => {
    configuredCache()
    class Base {
      @Cached({ name: 'rival:one', ttl: '1m' })
      async one(id: number): Promise<number> {
        return id
      }

      @Cached({ name: 'rival:one', ttl: '1m' })
      async two(id: number): Promise<number> {
        return id
      }
    }
    class Derived extends Base {
      @Cached({ name: 'rival:one', ttl: '1m' })
      override async one(id: number): Promise<number> {
        return id
      }
    }
    await new Base().one(1)
    expect((await rejectionOf(new Base().two(1))).message).toContain('Base.two asks for it too')
    expect((await rejectionOf(new Derived().one(1))).message).toContain('Derived.one asks for it too')
  })

  test('the second is the one that registered later, even if it is called first', async () => {
    configuredCache()
    class First {
      @Cached({ name: 'rival:order', ttl: '1m' })
      async read(): Promise<number> {
        return 1
      }
    }
    class Second {
      @Cached({ name: 'rival:order', ttl: '1m' })
      async get(): Promise<number> {
        return 2
      }
    }
    expect(await rejectionOf(new Second().get())).toMatchObject({ code: 'NAME_TAKEN' })
    expect(await new First().read()).toBe(1)
  })
})

describe('the same method registered again', () => {
  /** What a module with this class would do each time it is evaluated. */
  function loadModule(answer: string) {
    class Greeter {
      @Cached({ name: 'again:greet', ttl: '1m' })
      async greet(name: string): Promise<string> {
        return `${answer} ${name}`
      }
    }
    return Greeter
  }

  test('replaces its node, and both copies go on with one set of entries', async () => {
    configuredCache()
    const [Old, New] = [loadModule('hello'), loadModule('good day')]
    const old = new Old()
    expect(await old.greet('Ada')).toBe('hello Ada')
    const fresh = new New()
    expect(await fresh.greet('Ada')).toBe('hello Ada')
    expect(await fresh.greet('Bob')).toBe('good day Bob')
    expect(await old.greet('Bob')).toBe('good day Bob')
    expect(registered('again:greet')?.entries).toBe(entriesOf(fresh.greet))
    expect(cacheGraph().methods.filter(({ name }) => name === 'again:greet')).toHaveLength(1)
  })

  test('is replaced whatever the new text is: hot reload', async () => {
    configuredCache()
    function version1() {
      class Clock {
        @Cached({ name: 'again:hour', ttl: '1m' })
        async hour(): Promise<number> {
          return 1
        }
      }
      return new Clock()
    }
    function version2() {
      class Clock {
        @Cached({ name: 'again:hour', ttl: '5m' })
        async hour(): Promise<number> {
          return 2 * 1
        }
      }
      return new Clock()
    }
    expect(await version1().hour()).toBe(1)
    const reloaded = version2()
    expect(await reloaded.hour()).toBe(1)
    expect(registered('again:hour')?.options).toMatchObject({ ttl: '5m' })
  })

  const entriesOf = (method: object) =>
    (Reflect.get(method, Symbol.for('granary.method')) as { nodes: MethodNode[] }).nodes[0]?.entries
})

describe('functions', () => {
  test('are the same when their text is, and rivals when it is not', async () => {
    configuredCache()
    const make = (unit: string) =>
      cached(async (amount: number) => `${amount}${unit}`, { name: 'again:format', ttl: '1m', partition: () => unit })
    const [euro, dollar] = [make('€'), make('$')]
    expect([await euro(1), await dollar(1)]).toEqual(['1€', '1$'])
    const rival = cached(async (amount: number) => amount, { name: 'again:format', ttl: '1m' })
    expect((await rejectionOf(rival(1))).message).toContain('belongs to an anonymous function')
  })
})

describe('the registry', () => {
  test('knows a method from its decoration on, by name, with its options', () => {
    class Users {
      @Cached({ name: 'registry:by_id', ttl: '5m', tags: ['users'], secret: [0] })
      async byId(id: number): Promise<number> {
        return id
      }
    }
    const node = registered('registry:by_id')
    expect(node).toMatchObject({ kind: 'cached', name: 'registry:by_id', methodName: 'byId', member: 'instance' })
    expect(node?.options).toEqual({ name: 'registry:by_id', ttl: '5m', tags: ['users'], secret: [0] })
    expect(Object.isFrozen(node?.options)).toBe(true)
    new Users()
    expect(node?.className).toBe('Users')
  })

  test('is one for every copy of the package', async () => {
    const registry = Reflect.get(globalThis, Symbol.for('granary.registry')) as { version: number }
    expect(registry.version).toBe(1)
    const second = '../src/method/registry.ts?second-copy'
    const copy = (await import(/* @vite-ignore */ second)) as { registry: unknown }
    expect(copy.registry).toBe(registry)
  })
})
