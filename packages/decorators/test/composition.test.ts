import { Cached, Invalidates, recordOf } from '@granary/decorators'
import { describe, expect, test } from 'vitest'
import { configuredCache, rejectionOf } from './fresh-cache.ts'
import { Traced, trace } from './traced.ts'

describe('decorators run as they are written, the upper one around the lower', () => {
  test('@Invalidates above @Cached acts after every call, below it after loads only', async () => {
    const { cache } = configuredCache()
    const sent: string[] = []
    cache.on('invalidation-sent', ({ targets }) => sent.push(...targets.names))
    class Reports {
      @Invalidates({ names: ['order:above'] })
      @Cached({ name: 'order:one', ttl: '1m' })
      async one(): Promise<number> {
        return 1
      }

      @Cached({ name: 'order:two', ttl: '1m' })
      @Invalidates({ names: ['order:below'] })
      async two(): Promise<number> {
        return 2
      }
    }
    const reports = new Reports()
    for (let call = 0; call < 3; call++) expect([await reports.one(), await reports.two()]).toEqual([1, 2])
    expect(sent).toEqual(['order:above', 'order:below', 'order:above', 'order:above'])
  })

  test('a decorator made with the seam counts calls above @Cached, and loads below it', async () => {
    configuredCache()
    trace.length = 0
    class Search {
      @Traced('above')
      @Cached({ name: 'order:search', ttl: '1m' })
      @Traced('below')
      async find(text: string): Promise<string> {
        trace.push(`body ${text}`)
        return text
      }
    }
    const search = new Search()
    await search.find('a')
    await search.find('a')
    expect(trace).toEqual(['above Search.find', 'below Search.find', 'body a', 'above Search.find'])
  })

  test('one record on the function tells of all of them, the innermost first', () => {
    class Reports {
      @Traced('outer')
      @Invalidates({ tags: ['a'] })
      @Invalidates({ tags: ['b'] })
      @Cached({ name: 'order:record', ttl: '1m' })
      async one(): Promise<number> {
        return 1
      }
    }
    new Reports()
    const nodes = recordOf(Reports.prototype.one)?.nodes ?? []
    expect(nodes.map(({ kind, name }) => [kind, name])).toEqual([
      ['cached', 'order:record'],
      ['invalidates', 'Reports.one'],
      ['invalidates', 'Reports.one'],
      ['traced', 'outer'],
    ])
    expect(new Set(nodes.map(({ original }) => original)).size).toBe(1)
  })

  test('a decorator of another library between them is called like any method', async () => {
    configuredCache()
    const seen: string[] = []
    const logged = (...given: unknown[]): never => {
      const wrap = (method: (...args: unknown[]) => Promise<unknown>) =>
        function (this: unknown, ...args: unknown[]) {
          seen.push(`log ${args.join()}`)
          return method.apply(this, args)
        }
      if (typeof given[0] === 'function') return wrap(given[0] as never) as never
      const descriptor = given[2] as PropertyDescriptor
      return { ...descriptor, value: wrap(descriptor.value) } as never
    }
    class Users {
      @Cached({ name: 'order:foreign', ttl: '1m' })
      @logged
      @Invalidates({ names: ['order:other'] })
      async byId(id: number): Promise<number> {
        seen.push(`body ${id}`)
        return id
      }

      @logged
      @Cached({ name: 'order:beneath', ttl: '1m' })
      async beneath(id: number): Promise<number> {
        return id
      }
    }
    const users = new Users()
    await users.byId(1)
    await users.byId(1)
    await users.beneath(2)
    expect(seen).toEqual(['log 1', 'body 1', 'log 2'])
    expect(recordOf(Users.prototype.byId)?.nodes[0]?.className).toBe('Users')
  })
})

describe('several @Invalidates on one method act as one', () => {
  test('the method runs once, and what they name goes in one message', async () => {
    const { cache } = configuredCache()
    const sent: unknown[] = []
    cache.on('invalidation-sent', ({ targets }) => sent.push(targets))
    let runs = 0
    class Users {
      @Invalidates({ tags: ['c'], names: ['several:one'] })
      @Invalidates({ tags: ['b', 'a'] })
      @Invalidates({ tags: ['a'] })
      async save(): Promise<number> {
        runs += 1
        return runs
      }
    }
    expect(await new Users().save()).toBe(1)
    expect(sent).toEqual([{ keys: 0, tags: 3, names: ['several:one'], namespace: false }])
  })

  test('a failing one does not skip the others, above or below it', async () => {
    const { cache } = configuredCache()
    const sent: number[] = []
    cache.on('invalidation-sent', ({ targets }) => sent.push(targets.tags))
    class Users {
      @Invalidates({ tags: ['above'] })
      @Invalidates({
        tags: (): string[] => {
          throw new Error('broken')
        },
      })
      @Invalidates({ tags: ['below'] })
      async save(): Promise<string> {
        return 'saved'
      }
    }
    expect(await rejectionOf(new Users().save())).toMatchObject({ code: 'INVALIDATION_FAILED', result: 'saved' })
    expect(sent).toEqual([2])
  })

  test('some may go before and some after', async () => {
    const { cache } = configuredCache()
    const story: string[] = []
    cache.on('invalidation-sent', ({ targets }) => story.push(...targets.names))
    class Users {
      @Invalidates({ names: ['several:after'] })
      @Invalidates({ names: ['several:before'], before: true })
      async save(): Promise<void> {
        story.push('body')
      }
    }
    await new Users().save()
    expect(story).toEqual(['several:before', 'body', 'several:after'])
  })
})
