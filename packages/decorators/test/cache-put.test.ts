import { Cached, CachePut, cached, entryOf, Invalidates, InvalidationFailed } from '@granary/decorators'
import { describe, expect, test } from 'vitest'
import { configuredCache, rejectionOf } from './fresh-cache.ts'

interface User {
  readonly id: number
  readonly name: string
}

class Users {
  readonly rows = new Map<number, User>([[1, { id: 1, name: 'Ada' }]])
  reads = 0

  @Cached({ name: 'put:by_id', ttl: '1m', tags: (user: User) => [`put-user:${user.id}`] })
  async byId(id: number): Promise<User | null> {
    this.reads += 1
    return this.rows.get(id) ?? null
  }

  @CachePut({ entry: entryOf(() => Users, 'byId')((id: number) => [id]) })
  async rename(id: number, name: string): Promise<User> {
    const user = { id, name }
    this.rows.set(id, user)
    return user
  }

  @CachePut({ entry: entryOf(() => Users, 'byId').fromResult((user: User) => [user.id]) })
  async create(name: string): Promise<User> {
    const user = { id: this.rows.size + 1, name }
    this.rows.set(user.id, user)
    return user
  }

  @CachePut({ entry: entryOf(() => Users, 'byId')((id: number) => [id]) })
  async remove(id: number): Promise<null> {
    this.rows.delete(id)
    return null
  }

  @CachePut({ entry: entryOf(() => Users, 'byId')((id: number) => [id]) })
  async fail(_id: number): Promise<User> {
    throw new Error('constraint')
  }

  @Invalidates({ tags: (id: number) => [`put-user:${id}`] })
  @CachePut({ entry: entryOf(() => Users, 'byId')((id: number) => [id]) })
  async replace(id: number, name: string): Promise<User> {
    return this.rename(id, name)
  }
}

describe('@CachePut', () => {
  test('stores what the method resolves to, under the policy of the entry', async () => {
    const { cache } = configuredCache()
    const users = new Users()
    expect(await users.byId(1)).toEqual({ id: 1, name: 'Ada' })
    expect(await users.rename(1, 'Grace')).toEqual({ id: 1, name: 'Grace' })
    expect(await users.byId(1)).toEqual({ id: 1, name: 'Grace' })
    expect(users.reads).toBe(1)
    await cache.invalidateTags(['put-user:1'])
    await users.byId(1)
    expect(users.reads).toBe(2)
  })

  test('stores a null as the answer that there is none', async () => {
    configuredCache()
    const users = new Users()
    await users.byId(1)
    await users.remove(1)
    expect(await users.byId(1)).toBeNull()
    expect(users.reads).toBe(1)
  })

  test('fences the entry: a load that began before it never overwrites it', async () => {
    configuredCache()
    const users = new Users()
    const old = users.rows.get(1) as User
    let finish = () => {}
    const slow = new Promise<void>((resolve) => {
      finish = resolve
    })
    class SlowUsers extends Users {
      override rows = {
        get: async () => {
          await slow
          return old
        },
        set: () => {},
      } as never
    }
    const reading = new SlowUsers().byId(1)
    await users.rename(1, 'Grace')
    finish()
    await reading
    expect(await users.byId(1)).toEqual({ id: 1, name: 'Grace' })
  })

  test('invalidates instead, where only the result names the entry', async () => {
    configuredCache()
    const users = new Users()
    expect(await users.byId(2)).toBeNull()
    await users.create('Grace')
    expect(await users.byId(2)).toEqual({ id: 2, name: 'Grace' })
    expect(users.reads).toBe(2)
  })

  test('stores nothing when the method rejects, whose error passes untouched', async () => {
    configuredCache()
    const users = new Users()
    await users.byId(1)
    expect((await rejectionOf(users.fail(1))).message).toBe('constraint')
    expect(await users.byId(1)).toEqual({ id: 1, name: 'Ada' })
  })

  test('under @Invalidates of the entry’s own tag, the invalidation has the last word', async () => {
    configuredCache()
    const users = new Users()
    await users.byId(1)
    expect(await users.replace(1, 'Grace')).toEqual({ id: 1, name: 'Grace' })
    expect(await users.byId(1)).toEqual({ id: 1, name: 'Grace' })
    expect(users.reads).toBe(2)
  })

  test('refuses what is not one entry, before the method runs', async () => {
    configuredCache()
    const ran: string[] = []
    const byIds = cached(async (ids: number[]) => ids.map(String), { name: 'put:batch', ttl: '1m', batch: 'array' })
    class Odd {
      @CachePut({ entry: entryOf(() => byIds)((ids: number[]) => [ids]) })
      async several(ids: number[]): Promise<string[]> {
        ran.push('several')
        return ids.map(String)
      }

      @CachePut({ entry: entryOf(() => Odd, 'plain')(() => []) })
      async lost(): Promise<number> {
        ran.push('lost')
        return 1
      }

      async plain(): Promise<number> {
        return 1
      }

      @CachePut({ entry: entryOf(() => Users, 'byId')((id: number) => [id]) })
      sync(_id: number): Promise<User> {
        return 5 as never
      }
    }
    const odd = new Odd()
    expect((await rejectionOf(odd.several([1, 2]))).message).toContain('it names one entry')
    expect((await rejectionOf(odd.lost())).message).toContain('Odd.plain has no @Cached')
    expect(ran).toEqual([])
    expect((await rejectionOf(odd.sync(1))).message).toContain('@CachePut on Odd.sync must return a promise')
  })

  test('keeps the result of a method whose entry could not be named afterwards', async () => {
    configuredCache()
    const broken = new Error('no id')
    class Odd {
      @CachePut({
        entry: entryOf(() => Users, 'byId').fromResult((): [number] => {
          throw broken
        }),
      })
      async create(): Promise<User> {
        return { id: 9, name: 'Eve' }
      }
    }
    const failed = await rejectionOf(new Odd().create())
    expect(failed).toBeInstanceOf(InvalidationFailed)
    expect(failed).toMatchObject({ cause: broken, result: { id: 9, name: 'Eve' } })
  })
})
