import { createCache, type Duration, ms } from '@granary/core'
import {
  Cached,
  CachePut,
  CacheScope,
  cached,
  defineTags,
  entryOf,
  Invalidates,
  nameOf,
  TTL,
} from '@granary/decorators'
import { Directory, priceOf, type User } from './elsewhere.ts'

const cache = createCache()
const tags = defineTags({ user: (id: number) => `user:${id}`, catalog: () => 'catalog' })

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function is<A, B>(equal: Equal<A, B>): void {
  void equal
}

interface Query {
  readonly text: string
  readonly page: number
}

@CacheScope({ cache, prefix: 'accepted', defaults: { staleIfError: '1h', jitter: 0.2 } })
export class Service {
  readonly tenant = 'acme'

  // Option functions take as many of the parameters as they like.
  @Cached({
    name: 'one',
    ttl: '5m',
    key: (id: number) => id,
    tags: (user: User, id: number) => [tags.user(user.id), tags.user(id)],
  })
  async one(id: number, locale: string): Promise<User | null> {
    return { id, name: locale }
  }

  // Every option at once; `this` may be declared.
  @Cached({
    name: 'all_options',
    cache,
    ttl: (user: User) => (user.id > 1 ? TTL.SHORT : ms(1500)),
    negativeTtl: '10s',
    tags: (user: User) => [tags.user(user.id)],
    negativeTags: (id: number) => [tags.user(id)],
    ignore: [1],
    secret: [0],
    partition(this: Service) {
      return this.tenant
    },
    version: 2,
    condition: (id: number, signal?: AbortSignal) => id > 0 && signal?.aborted !== true,
    shouldCache: (user: User | null, id: number) => user?.id === id,
    staleWhileRevalidate: '1m',
    staleIfError: '1h',
    refreshAhead: 0.8,
    beta: 1,
    jitter: 0,
    softTimeout: '100ms',
    hardTimeout: '5s',
    copy: 'clone',
    encrypt: false,
    consistency: 'strong',
  })
  async allOptions(id: number, _signal?: AbortSignal): Promise<User | null> {
    return { id, name: '' }
  }

  // Without option functions anything that returns a promise will do.
  @Cached({ name: 'rest', ttl: '1h' })
  async rest(...ids: number[]): Promise<Map<number, User>> {
    return new Map(ids.map((id) => [id, { id, name: '' }]))
  }

  @Cached({ name: 'not_async', ttl: '7d' })
  notAsync(query: Query): Promise<number> {
    return Promise.resolve(query.page)
  }

  @Cached({ name: 'declared_this', ttl: '250ms', key: (id: number) => [id, { nested: true }] })
  async declaredThis(this: Service, id: number): Promise<string> {
    return `${this.tenant}${id}`
  }

  // A generic method stays generic for its callers.
  @Cached({
    name: 'generic',
    ttl: '5m',
    key: (id: string) => id,
    tags: (value: unknown, id: string) => [`${typeof value}:${id}`],
  })
  async generic<T>(_id: string, value: T): Promise<T> {
    return value
  }

  // Overloads stay too; options are checked against the last one.
  overloaded(id: number): Promise<number>
  overloaded(id: string): Promise<string>
  @Cached({ name: 'overloaded', ttl: '5m', key: (id: number | string) => id })
  overloaded(id: number | string): Promise<number | string> {
    return Promise.resolve(id)
  }

  // Batches: functions see one id and one value.
  @Cached({
    name: 'by_ids',
    ttl: '5m',
    batch: true,
    tags: (user: User, id: number, locale: string) => [tags.user(id), user.name, locale],
  })
  async byIds(ids: readonly number[], locale: string): Promise<Map<number, User>> {
    return new Map(ids.map((id) => [id, { id, name: locale }]))
  }

  @Cached({
    name: 'in_order',
    ttl: '5m',
    batch: 'array',
    key: (id: number) => id,
    shouldCache: (user: User | null) => user !== null,
  })
  async inOrder(ids: number[]): Promise<(User | null)[]> {
    return ids.map((id) => ({ id, name: '' }))
  }

  @Cached({ name: 'static', ttl: '5m' })
  static async fixed(): Promise<number> {
    return 1
  }

  @Cached({ name: 'private', ttl: '5m' })
  private async hidden(id: number): Promise<number> {
    return id
  }

  @Cached({ name: 'protected', ttl: '5m' })
  protected async inherited(id: number): Promise<number> {
    return this.hidden(id)
  }

  // Links: to this very class, to another module, to a static method, to a function, by name.
  @Invalidates({
    tags: (id: number) => [tags.user(id)],
    resultTags: (user: User, _id: number, name: string) => [tags.user(user.id), name],
    entries: [
      entryOf(() => Service, 'one')((id: number) => [id, 'en']),
      entryOf(() => Directory, 'user')((id: number) => [id]),
      entryOf(() => Directory, 'user').fromResult((user: User) => [user.id, 'en']),
      entryOf(() => Directory, 'all')(() => []),
      entryOf(() => priceOf)((_id: number, name: string) => [name]),
      entryOf(() => Service, 'byIds')((id: number) => [[id], 'en']),
      nameOf('directory:secret')((_id: number, name: string) => [name]),
      nameOf('directory:secret').fromResult((user: User) => [user.name]),
    ],
    names: ['accepted:rest'],
    required: true,
    cache,
  })
  async rename(id: number, name: string): Promise<User> {
    return { id, name }
  }

  @Invalidates({ tags: ['catalog'], before: true })
  @Invalidates({ names: ['accepted:one'] })
  async sync(): Promise<void> {}

  @CachePut({ entry: entryOf(() => Directory, 'user')((id: number) => [id]) })
  async update(id: number, name: string): Promise<User> {
    return { id, name }
  }

  @CachePut({ entry: entryOf(() => Directory, 'user').fromResult((user: User) => [user.id]) })
  async create(name: string): Promise<User> {
    return { id: 1, name }
  }
}

const service = new Service()
is<ReturnType<typeof service.one>, Promise<User | null>>(true)
is<Parameters<typeof service.one>, [id: number, locale: string]>(true)
export const generic: Promise<{ a: 1 }> = service.generic('a', { a: 1 })
export const overloadOfNumber: Promise<number> = service.overloaded(1)
export const overloadOfString: Promise<string> = service.overloaded('1')

// Functions infer the parameters of their options.
export const byId = cached(async (id: number, _locale?: string): Promise<User | null> => ({ id, name: '' }), {
  name: 'fn',
  ttl: (user, id) => (user.id === id ? '5m' : '1s'),
  tags: (user) => [tags.user(user.id)],
  shouldCache: (user) => user !== null,
  key: (id, locale) => [id, locale],
})
is<typeof byId, (id: number, _locale?: string) => Promise<User | null>>(true)

export const byIds = cached(async (ids: number[]) => new Map(ids.map((id) => [id, String(id)])), {
  name: 'fn_batch',
  ttl: '5m',
  batch: true,
  tags: (text, id) => [text, tags.user(id)],
})
is<ReturnType<typeof byIds>, Promise<Map<number, string>>>(true)

// Presets are durations, tag functions keep their types.
export const preset: Duration = TTL.CATALOG
is<typeof tags.user, (id: number) => string>(true)
is<typeof tags.catalog, () => string>(true)
