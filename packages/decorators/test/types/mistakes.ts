import { createCache } from '@granary/core'
import {
  Cached,
  CachePut,
  CacheScope,
  cached,
  configureGranary,
  defineTags,
  entryOf,
  Invalidates,
} from '@granary/decorators'
import { Directory, priceOf, type User } from './elsewhere.ts'

const tags = defineTags({ user: (id: number) => `user:${id}` })
const cache = createCache()

/** Each of these must fail to compile in both modes; an error that no longer comes is an error itself. */
export class Mistakes {
  // @ts-expect-error 1. the method returns no promise
  @Cached({ name: 'a', ttl: '5m' })
  notAsync(id: number): number {
    return id
  }

  // @ts-expect-error 2. the key function takes a string, the method a number
  @Cached({ name: 'a', ttl: '5m', key: (id: string) => id })
  async wrongKey(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 3. the key function wants more arguments than there are
  @Cached({ name: 'a', ttl: '5m', key: (id: number, more: number) => [id, more] })
  async longKey(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 4. tags read another value than the method resolves to
  @Cached({ name: 'a', ttl: '5m', tags: (user: { email: string }) => [user.email] })
  async wrongValue(id: number): Promise<User> {
    return { id, name: '' }
  }

  // @ts-expect-error 5. tags take another argument than the method
  @Cached({ name: 'a', ttl: '5m', tags: (user: User, id: string) => [user.name, id] })
  async wrongTagArgument(id: number): Promise<User> {
    return { id, name: '' }
  }

  // @ts-expect-error 6. a number has no unit
  @Cached({ name: 'a', ttl: 300 })
  async bareNumber(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 7. there is no such unit
  @Cached({ name: 'a', ttl: '5min' })
  async wrongUnit(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 8. an entry without an end
  @Cached({ name: 'a' })
  async noTtl(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 9. an entry without a name
  @Cached({ ttl: '5m' })
  async noName(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 10. a misspelt option
  @Cached({ name: 'a', ttl: '5m', tag: ['a'] })
  async misspelt(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 11. a function is no part of a key
  @Cached({ name: 'a', ttl: '5m', key: (id: number) => () => id })
  async keyOfFunction(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 12. @Invalidates with another argument than the method's
  @Invalidates({ tags: (id: string) => [id] })
  async wrongInvalidation(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 13. there is no such method
  @Invalidates({ entries: [entryOf(() => Directory, 'usr')((id: number) => [id])] })
  async unknownMethod(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 14. the entry takes a number
  @Invalidates({ entries: [entryOf(() => Directory, 'user')((id: number) => [String(id)])] })
  async wrongTuple(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 15. the map takes another argument than the method
  @Invalidates({ entries: [entryOf(() => Directory, 'user')((id: number) => [id])] })
  async wrongSource(id: string): Promise<string> {
    return id
  }

  // @ts-expect-error 16. the map of a result takes the result first
  @Invalidates({ entries: [entryOf(() => Directory, 'user').fromResult((id: number) => [id])] })
  async wrongResult(id: number): Promise<User> {
    return { id, name: '' }
  }

  // @ts-expect-error 17. a private method cannot be linked to
  @Invalidates({ entries: [entryOf(() => Directory, 'secret')((key: string) => [key])] })
  async privateTarget(key: string): Promise<string> {
    return key
  }

  // @ts-expect-error 18. a method that returns no promise is no cached one
  @Invalidates({ entries: [entryOf(() => Directory, 'size')(() => [])] })
  async syncTarget(): Promise<void> {}

  // @ts-expect-error 19. an argument too many for the function
  @Invalidates({ entries: [entryOf(() => priceOf)((model: string) => [model, 1])] })
  async longTuple(model: string): Promise<string> {
    return model
  }

  // @ts-expect-error 20. resultTags read another result
  @Invalidates({ resultTags: (user: User) => [tags.user(user.id)] })
  async wrongResultTags(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 21. before the method runs there is no result
  @Invalidates({ before: true, resultTags: (id: number) => [tags.user(id)] })
  async resultBefore(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 22. a misspelt option of @Invalidates
  @Invalidates({ tag: ['a'] })
  async misspeltInvalidation(): Promise<void> {}

  // @ts-expect-error 23. the entry holds a user
  @CachePut({ entry: entryOf(() => Directory, 'user')((id: number) => [id]) })
  async wrongPut(id: number): Promise<string> {
    return String(id)
  }

  // @ts-expect-error 24. the map takes another argument than the method
  @CachePut({ entry: entryOf(() => Directory, 'user')((id: number) => [id]) })
  async wrongPutSource(name: string): Promise<User> {
    return { id: 1, name }
  }

  // @ts-expect-error 25. parameters of option functions need their types
  @Cached({ name: 'a', ttl: '5m', key: (id) => id })
  async unannotated(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 26. partition, condition and shouldCache are checked like key and tags
  @Cached({ name: 'a', ttl: '5m', partition: (tenant: string) => tenant })
  async wrongPartition(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 27
  @Cached({ name: 'a', ttl: '5m', condition: (id: string) => id !== '' })
  async wrongCondition(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 28
  @Cached({ name: 'a', ttl: '5m', shouldCache: (value: string) => value !== '' })
  async wrongShouldCache(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error 29. a function of the value must give a duration
  @Cached({ name: 'a', ttl: (user: User) => user.id })
  async wrongTtlFunction(id: number): Promise<User> {
    return { id, name: '' }
  }

  // @ts-expect-error 30. a batch takes an array of ids first
  @Cached({ name: 'a', ttl: '5m', batch: true })
  async noBatch(id: number): Promise<User[]> {
    return [{ id, name: '' }]
  }

  // @ts-expect-error 31. a batch that answers with an array was declared to answer with a Map
  @Cached({ name: 'a', ttl: '5m', batch: 'map' })
  async wrongShape(ids: number[]): Promise<User[]> {
    return ids.map((id) => ({ id, name: '' }))
  }

  // @ts-expect-error 32. the functions of a batch see one value, not all
  @Cached({ name: 'a', ttl: '5m', batch: true, tags: (users: User[]) => users.map(({ name }) => name) })
  async wrongBatchTags(ids: number[]): Promise<User[]> {
    return ids.map((id) => ({ id, name: '' }))
  }

  // @ts-expect-error 33. tags are strings
  @Cached({ name: 'a', ttl: '5m', tags: [1] })
  async numberTags(id: number): Promise<number> {
    return id
  }
}

// @ts-expect-error 34. functions are checked too
export const wrongFunction = cached(async (id: number) => id, { name: 'f', ttl: '5m', key: (id: string) => id })

// @ts-expect-error 35. and need a ttl
export const noTtlFunction = cached(async (id: number) => id, { name: 'f' })

// @ts-expect-error 36. a scope gives no ttl: every entry says its own
@CacheScope({ cache, defaults: { ttl: '5m' } })
export class Scoped {}

// @ts-expect-error 37. a number is no cache
configureGranary({ cache: 1 })

// @ts-expect-error 38. a tag function returns a string
defineTags({ user: (id: number) => id })
