import { createCache } from '@granary/core'
import {
  Cached,
  cached,
  configureGranary,
  defineTags,
  entryOf,
  Invalidates,
  InvalidationFailed,
  nameOf,
} from '@granary/decorators'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { configuredCache, memoryCache, rejectionOf } from './fresh-cache.ts'

interface User {
  readonly id: number
  readonly name: string
}

const tags = defineTags({ user: (id: number) => `user:${id}`, team: (id: number) => `team:${id}` })

/** A counter whose reads are cached under a tag, so that a test sees what was invalidated. */
function counter(name: string, tagOf: (id: number) => string) {
  const runs = new Map<number, number>()
  return cached(
    async (id: number) => {
      runs.set(id, (runs.get(id) ?? 0) + 1)
      return runs.get(id) as number
    },
    { name, ttl: '1m', tags: (_run, id) => [tagOf(id)] },
  )
}

describe('what a method invalidates', () => {
  test('goes after the method has resolved: tags of its arguments and of its result', async () => {
    configuredCache()
    const [users, teams] = [counter('after:user', tags.user), counter('after:team', tags.team)]
    class Members {
      @Invalidates({
        tags: (userId: number) => [tags.user(userId)],
        resultTags: (team: { id: number }, userId: number) => [tags.team(team.id), `unused:${userId}`],
      })
      async join(_userId: number, teamId: number): Promise<{ id: number }> {
        expect([await users(1), await teams(7)]).toEqual([1, 1])
        return { id: teamId }
      }
    }
    await Promise.all([users(1), users(2), teams(7), teams(8)])
    await new Members().join(1, 7)
    expect(await Promise.all([users(1), users(2), teams(7), teams(8)])).toEqual([2, 1, 2, 1])
  })

  test('stays when the method rejects, whose error passes untouched', async () => {
    configuredCache()
    const users = counter('rejects:user', tags.user)
    const broken = new Error('constraint violated')
    class Members {
      @Invalidates({ tags: (id: number) => [tags.user(id)] })
      async rename(_id: number): Promise<void> {
        throw broken
      }
    }
    await users(1)
    expect(await rejectionOf(new Members().rename(1))).toBe(broken)
    expect(await users(1)).toBe(1)
  })

  test('is gone before the method runs under before: true, even if the method then fails', async () => {
    configuredCache()
    const users = counter('before:user', tags.user)
    const seen: number[] = []
    class Members {
      @Invalidates({ tags: (id: number) => [tags.user(id)], before: true })
      async rename(id: number): Promise<void> {
        seen.push(await users(id))
        throw new Error('too late')
      }
    }
    await users(1)
    await rejectionOf(new Members().rename(1))
    expect(seen).toEqual([2])
  })

  test('leaves the result untouched: the very object, on every call', async () => {
    configuredCache()
    const row = { id: 1, tags: new Set([1]) }
    class Members {
      @Invalidates({ tags: ['users'] })
      async save(): Promise<typeof row> {
        return row
      }
    }
    expect(await new Members().save()).toBe(row)
    expect(Object.isFrozen(row)).toBe(false)
  })

  test('is computed after the method, from arguments as it left them', async () => {
    configuredCache()
    const users = counter('filled:user', tags.user)
    class Members {
      @Invalidates({ tags: (user: { id?: number }) => [tags.user(user.id ?? 0)] })
      async insert(user: { id?: number }): Promise<void> {
        user.id = 5
      }
    }
    await users(5)
    await new Members().insert({})
    expect(await users(5)).toBe(2)
  })

  test('may be whole names', async () => {
    configuredCache()
    const [users, teams] = [counter('whole:user', tags.user), counter('whole:team', tags.team)]
    class Members {
      @Invalidates({ names: ['whole:user'] })
      async importAll(): Promise<void> {}
    }
    await Promise.all([users(1), users(2), teams(1)])
    await new Members().importAll()
    expect(await Promise.all([users(1), users(2), teams(1)])).toEqual([2, 2, 1])
  })

  test('the functions see the instance as this', async () => {
    configuredCache()
    const users = counter('this:user', tags.user)
    class Members {
      readonly admin = 3

      @Invalidates({
        tags(this: Members) {
          return [tags.user(this.admin)]
        },
        entries: [
          entryOf(() => users)(function (this: Members) {
            return [this.admin + 1]
          } as never),
        ],
      })
      async audit(): Promise<void> {}
    }
    await Promise.all([users(3), users(4)])
    await new Members().audit()
    expect(await Promise.all([users(3), users(4)])).toEqual([2, 2])
  })
})

describe('entries of another method', () => {
  class Auth {
    readonly tenant: string
    runs = 0

    constructor(tenant = 'acme') {
      this.tenant = tenant
    }

    @Cached({
      name: 'entries:by_key',
      ttl: '1m',
      secret: [0],
      ignore: [1],
    })
    async byKey(key: string, _trace: object): Promise<User> {
      this.runs += 1
      return { id: this.runs, name: key }
    }

    @Cached({ name: 'entries:by_name', ttl: '1m', key: (name: string) => name.toLowerCase() })
    async byName(name: string): Promise<User> {
      this.runs += 1
      return { id: this.runs, name }
    }

    @Cached({
      name: 'entries:mine',
      ttl: '1m',
      partition(this: Auth) {
        return this.tenant
      },
    })
    async mine(id: number): Promise<number> {
      this.runs += 1
      return id
    }

    @Cached({ name: 'entries:hidden', ttl: '1m' })
    private async hidden(id: number): Promise<number> {
      this.runs += 1
      return id
    }

    showHidden(id: number): Promise<number> {
      return this.hidden(id)
    }

    @Invalidates({
      entries: [
        entryOf(() => Auth, 'byKey')((key: string) => [key, {}]),
        entryOf(() => Auth, 'byName').fromResult((user: User) => [user.name.toUpperCase()]),
      ],
    })
    async revoke(key: string): Promise<User> {
      return { id: 0, name: `Name of ${key}` }
    }

    @Invalidates({ entries: [entryOf(() => Auth, 'mine')((id: number) => [id])] })
    async change(_id: number): Promise<void> {}

    @Invalidates({ entries: [nameOf('entries:hidden')((id: number) => [id])] })
    async reveal(_id: number): Promise<void> {}
  }

  test('are found through its own plan: key function, ignored and secret arguments', async () => {
    configuredCache()
    const auth = new Auth()
    const trace = { span: 1 }
    await auth.byKey('k1', trace)
    await auth.byKey('k2', trace)
    await auth.byName('name of k1')
    await auth.revoke('k1')
    await auth.byKey('k1', { span: 2 })
    await auth.byKey('k2', { span: 2 })
    await auth.byName('NAME OF K1')
    expect(auth.runs).toBe(5)
  })

  test('and partition, where this is the instance that invalidates', async () => {
    configuredCache()
    const [acme, zeta] = [new Auth('acme'), new Auth('zeta')]
    for (const auth of [acme, zeta]) await auth.mine(1)
    await acme.change(1)
    for (const auth of [acme, zeta]) await auth.mine(1)
    expect([acme.runs, zeta.runs]).toEqual([2, 1])
  })

  test('of a private method are found by name', async () => {
    configuredCache()
    const auth = new Auth()
    await auth.showHidden(1)
    await auth.showHidden(1)
    expect(auth.runs).toBe(1)
    await auth.reveal(1)
    await auth.showHidden(1)
    expect(auth.runs).toBe(2)
  })

  test('are looked for in the cache of their own class, or in the one that both services have', async () => {
    const [one, two] = [memoryCache().cache, memoryCache().cache]
    configuredCache()
    class Admin {
      readonly cache = one

      @Invalidates({ entries: [entryOf(() => Auth, 'byName')((name: string) => [name])] })
      async ban(_name: string): Promise<void> {}
    }
    const [near, far] = [Object.assign(new Auth(), { cache: one }), Object.assign(new Auth(), { cache: two })]
    for (const auth of [near, far]) await auth.byName('eve')
    await new Admin().ban('Eve')
    for (const auth of [near, far]) await auth.byName('eve')
    expect([near.runs, far.runs]).toEqual([2, 1])
  })

  test('that do not exist are refused before the method runs', async () => {
    configuredCache()
    const ran: string[] = []
    class Plain {
      async read(): Promise<number> {
        return 1
      }
    }
    class Lost {
      @Invalidates({ entries: [entryOf(() => Plain, 'read')(() => [])] })
      async undecorated(): Promise<void> {
        ran.push('undecorated')
      }

      @Invalidates({ entries: [entryOf(() => Plain, 'gone' as 'read')(() => [])] })
      async gone(): Promise<void> {
        ran.push('gone')
      }

      @Invalidates({ entries: [nameOf('no:such')(() => [])] })
      async nameless(): Promise<void> {
        ran.push('nameless')
      }

      @Invalidates({ entries: [entryOf((() => undefined) as never as () => typeof Plain, 'read')(() => [])] })
      async noClass(): Promise<void> {
        ran.push('noClass')
      }

      @Invalidates({ entries: [entryOf(() => async () => 1)(() => [])] })
      async noCached(): Promise<void> {
        ran.push('noCached')
      }
    }
    const lost = new Lost()
    expect((await rejectionOf(lost.undecorated())).message).toContain('Plain.read has no @Cached')
    expect((await rejectionOf(lost.gone())).message).toContain('there is no method Plain.gone')
    expect((await rejectionOf(lost.nameless())).message).toContain('no cached method has this name')
    expect((await rejectionOf(lost.noClass())).message).toContain('its function returns no class')
    expect((await rejectionOf(lost.noCached())).message).toContain('nothing that cached() made')
    expect(ran).toEqual([])
  })
})

describe('invalidators are independent', () => {
  test('one that throws skips none of the others, and the result is not lost', async () => {
    configuredCache()
    const [users, teams] = [counter('independent:user', tags.user), counter('independent:team', tags.team)]
    const [first, second] = [new Error('no tags today'), new Error('no result tags either')]
    class Members {
      @Invalidates({
        tags: () => {
          throw first
        },
        resultTags: (): string[] => {
          throw second
        },
        entries: [
          entryOf(() => users)((id: number) => [id]),
          entryOf(() => users)((() => 5) as unknown as () => [number]),
          entryOf(() => users)((() => [() => {}]) as unknown as () => [number]),
        ],
        names: ['independent:team'],
      })
      async save(id: number): Promise<{ saved: number }> {
        return { saved: id }
      }
    }
    await Promise.all([users(1), users(2), teams(1)])
    const failed = await rejectionOf(new Members().save(1))
    expect(failed).toBeInstanceOf(InvalidationFailed)
    expect(failed).toMatchObject({ code: 'INVALIDATION_FAILED', result: { saved: 1 }, cause: first })
    const { errors } = failed as InvalidationFailed
    expect(errors.slice(0, 2)).toEqual([first, second])
    expect(errors.slice(2).map((error) => (error as { code: string }).code)).toEqual([
      'INVALID_OPTION',
      'UNKEYABLE_ARGUMENT',
    ])
    expect(failed.message).toBe('@Invalidates on Members.save could not invalidate: no tags today (and 3 more)')
    expect(await Promise.all([users(1), users(2), teams(1)])).toEqual([2, 1, 2])
  })

  test('tags that are none are refused, alone', async () => {
    configuredCache()
    const users = counter('refused:user', tags.user)
    class Members {
      @Invalidates({ tags: (id?: number) => [id as never] })
      @Invalidates({ entries: [entryOf(() => users)((id?: number) => [id as never])] })
      async save(_id?: number): Promise<void> {}
    }
    await users(undefined as never)
    expect((await rejectionOf(new Members().save())).message).toContain('tags: undefined is not allowed')
    expect(await users(undefined as never)).toBe(2)
  })

  test('under before, a failing one keeps the method from running, after the others have run', async () => {
    configuredCache()
    const users = counter('before-fails:user', tags.user)
    const ran: string[] = []
    class Members {
      @Invalidates({
        before: true,
        tags: () => {
          throw new Error('no')
        },
        names: ['before-fails:user'],
      })
      async save(): Promise<void> {
        ran.push('save')
      }
    }
    await users(1)
    const failed = await rejectionOf(new Members().save())
    expect(failed).toMatchObject({ code: 'INVALIDATION_FAILED', result: undefined })
    expect(ran).toEqual([])
    expect(await users(1)).toBe(2)
  })

  test('whatever some of them throw, every other one holds, in any arrangement over several decorators', async () => {
    const part = fc.record({
      id: fc.integer({ min: 0, max: 5 }),
      throws: fc.boolean(),
      by: fc.constantFrom('tags', 'entries', 'resultTags'),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(part, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
        async (decorators) => {
          const cache = createCache()
          const restore = configureGranary({ cache })
          const users = counter(`arranged:n${++arrangements}`, (id) => `arranged:${arrangements}:${id}`)
          const label = `arranged:${arrangements}`
          const options = decorators.flat().map(({ id, throws, by }) => {
            const act = <T>(value: T): T => {
              if (throws) throw new Error(`${by} ${id}`)
              return value
            }
            if (by === 'entries') return { entries: [entryOf(() => users)(() => act([id] as [number]))] }
            return { [by]: () => act([`${label}:${id}`]) }
          })
          const save = options.reduce<() => Promise<string>>(
            (method, each) => decorate(Invalidates(each as never), method),
            async () => 'saved',
          )
          for (let id = 0; id <= 5; id++) await users(id)
          const failing = decorators.flat().filter(({ throws }) => throws)
          if (failing.length === 0) expect(await save()).toBe('saved')
          else expect(((await rejectionOf(save())) as InvalidationFailed).errors).toHaveLength(failing.length)
          const gone = new Set(decorators.flat().flatMap(({ id, throws }) => (throws ? [] : [id])))
          for (let id = 0; id <= 5; id++) expect(await users(id)).toBe(gone.has(id) ? 2 : 1)
          restore()
          await cache.close()
        },
      ),
      { numRuns: 100 },
    )
  })
})

test('a method that returns no promise is told so, after what it did is invalidated', async () => {
  configuredCache()
  const users = counter('sync-write:user', tags.user)
  class Members {
    @Invalidates({ names: ['sync-write:user'] })
    save(): Promise<number> {
      return 5 as never
    }
  }
  await users(1)
  expect((await rejectionOf(new Members().save())).message).toContain(
    '@Invalidates on Members.save must return a promise',
  )
  expect(await users(1)).toBe(2)
})

let arrangements = 0

/** Applies a decorator by hand, as the standard does. */
function decorate(decorator: unknown, method: () => Promise<string>): () => Promise<string> {
  const apply = decorator as (method: unknown, context: object) => () => Promise<string>
  return apply(method, { kind: 'method', name: 'save', static: false, private: false, addInitializer() {} })
}
