import { Cached, cacheGraph, defineMethodDecorator, recordOf } from '@granary/decorators'
import { expect, test } from 'vitest'
import { configuredCache, MODE, rejectionOf, thrownBy } from './fresh-cache.ts'
import { Traced, trace } from './traced.ts'

test('a kind of one’s own is in the graph, and its names are its own', async () => {
  configuredCache()
  trace.length = 0
  class Login {
    @Cached({ name: 'seam:login', ttl: '1m' })
    async user(id: number): Promise<number> {
      return id
    }

    @Traced('seam:login')
    async login(): Promise<string> {
      return 'ok'
    }
  }
  const login = new Login()
  expect([await login.login(), await login.user(1)]).toEqual(['ok', 1])
  const nodes = cacheGraph().methods.filter(({ name }) => name === 'seam:login')
  expect(nodes.map(({ id, kind, method }) => [id, kind, method])).toEqual([
    ['seam:login', 'cached', 'Login.user'],
    ['traced:seam:login', 'traced', 'Login.login'],
  ])
})

test('two methods with one name of that kind throw at the first call of the second', async () => {
  class One {
    @Traced('seam:rival')
    async one(): Promise<number> {
      return 1
    }
  }
  class Two {
    @Traced('seam:rival')
    async two(): Promise<number> {
      return 2
    }
  }
  expect(await new One().one()).toBe(1)
  expect((await rejectionOf(new Two().two())).message).toContain(
    "'seam:rival' belongs to One.one, and Two.two asks for it too",
  )
})

test('what its plan refuses is thrown at import, where it stands', () => {
  const Refusing = defineMethodDecorator({
    kind: 'refusing',
    decorator: '@Refusing',
    plan: ({ site }) => {
      throw new Error(site.at('limit'))
    },
  })
  const refused = thrownBy(() => {
    class Users {
      @(Refusing as MethodDecorator & ((method: unknown, context: unknown) => void))
      async find(): Promise<void> {}
    }
    return Users
  })
  expect(refused.message).toBe(`@Refusing on ${MODE === 'legacy' ? 'Users.find' : 'find'}: limit`)
})

test('a listener is told of each run of the undecorated body, with the key when it is cached', async () => {
  const { cache } = configuredCache({ namespace: 'shop' })
  class Users {
    @Traced('seam:told')
    @Cached({ name: 'seam:by_id', ttl: '1m', secret: [1] })
    async byId(id: number, _token: string): Promise<number> {
      return id
    }

    @Cached({ name: 'seam:by_ids', ttl: '1m', batch: 'array' })
    async byIds(ids: number[]): Promise<number[]> {
      return ids
    }

    @Traced('seam:alone')
    async alone(): Promise<number> {
      return 1
    }

    @Cached({ name: 'seam:unkeyable', ttl: '1m', condition: () => false })
    async unkeyable(_callback: () => void): Promise<number> {
      return 1
    }
  }
  const users = new Users()
  const told: unknown[] = []
  const methods = [users.byId, users.byIds, users.alone, users.unkeyable]
  const stops = methods.map((method) => recordOf(method)?.onLoad((run) => told.push(run)))
  await users.byId(1, 'hidden')
  await users.byId(1, 'hidden')
  await users.byIds([1, 2])
  await users.byIds([3])
  await users.alone()
  await cache.bypass(() => users.unkeyable(() => {}))
  const [first, ...others] = told as { name: string; key?: string }[]
  expect(first?.key).toMatch(/^shop:seam:by_id:1:/)
  expect(first?.key).not.toContain('hidden')
  expect(others.map(({ name }) => name)).toEqual(['seam:by_ids', 'seam:by_ids', 'seam:alone', 'seam:unkeyable'])
  expect(others.map(({ key }) => key !== undefined)).toEqual([false, true, false, false])
  for (const stop of stops) stop?.()
  await users.alone()
  expect(told).toHaveLength(5)
})
