import { Cached, CachePut, cached, defineTags, entryOf, Invalidates } from '@granary/decorators'
import { calling, expectCached, expectInvalidates } from '@granary/testing'
import { expect, test } from 'vitest'
import { configuredCache, rejectionOf } from './fresh-cache.ts'

interface User {
  readonly id: number
  readonly credits: number
}

const tags = defineTags({ member: (id: number) => `member:${id}` })

/** Two caches of one row, one of them reached through a key that the mutation does not know: incident 1 and 5 of the origin. */
class Accounts {
  readonly rows = new Map<number, User>([
    [1, { id: 1, credits: 10 }],
    [2, { id: 2, credits: 0 }],
  ])

  @Cached({ name: 'contract:by_key', ttl: '5m', secret: true, tags: (user: User) => [tags.member(user.id)] })
  async userByKey(apiKey: string): Promise<User | null> {
    return this.rows.get(apiKey === 'sk-1' ? 1 : 2) ?? null
  }

  @Cached({ name: 'contract:by_id', ttl: '5m', tags: (user: User) => [tags.member(user.id)] })
  async userById(id: number): Promise<User | null> {
    return this.rows.get(id) ?? null
  }

  @Invalidates({ tags: (id: number) => [tags.member(id)] })
  async addCredits(id: number, amount: number): Promise<void> {
    const credits = (this.rows.get(id)?.credits ?? 0) + amount
    this.rows.set(id, { id, credits })
  }

  @Invalidates({ entries: [entryOf(() => Accounts, 'userById')((id: number) => [id])] })
  async touch(_id: number): Promise<void> {}

  async forgetful(id: number, amount: number): Promise<void> {
    this.rows.set(id, { id, credits: amount })
  }

  @CachePut({ entry: entryOf(() => Accounts, 'userById')((id: number) => [id]) })
  async setCredits(id: number, credits: number): Promise<User> {
    const user = { id, credits }
    this.rows.set(id, user)
    return user
  }

  @Cached({ name: 'contract:uncached', ttl: '5m', shouldCache: () => false })
  async never(id: number): Promise<number> {
    return id
  }
}

test('expectCached proves a decorated method, with its key and without its secrets', async () => {
  configuredCache()
  const accounts = new Accounts()
  const proof = await expectCached(accounts, 'userByKey', { args: ['sk-1'], apart: [['sk-2']] })
  expect(proof.value).toEqual({ id: 1, credits: 10 })
  expect(proof.key).toMatch(/^granary:contract:by_key:1:/)
  expect(proof.key).not.toContain('sk-1')
  const price = cached(async (model: string) => model.length, { name: 'contract:price', ttl: '1m' })
  expect((await expectCached(calling(price)('m'))).value).toBe(1)
})

test('expectCached fails for a decorated method that does not cache', async () => {
  configuredCache()
  const failure = await rejectionOf(expectCached(new Accounts(), 'never', { args: [1] }))
  expect(failure.message).toContain('its body ran again at call 2')
  expect(failure.message).toContain('shouldCache')
})

test('expectCached fails for a method that lost its decorator', async () => {
  configuredCache()
  const failure = await rejectionOf(expectCached(new Accounts(), 'forgetful', { args: [1, 2] }))
  expect(failure.message).toContain('is not decorated with @Cached')
})

test('expectInvalidates proves the link by tag and by entry, and that it touches no one else', async () => {
  configuredCache()
  const accounts = new Accounts()
  const plan = calling(accounts)
  await expectInvalidates({
    write: plan.addCredits(1, 5),
    reads: [plan.userByKey('sk-1'), plan.userById(1)],
    spares: [plan.userByKey('sk-2'), plan.userById(2)],
  })
  await expectInvalidates({ write: plan.touch(2), reads: plan.userById(2), spares: plan.userByKey('sk-2') })
})

test('expectInvalidates fails for a write that misses a read', async () => {
  configuredCache()
  const plan = calling(new Accounts())
  const missed = await rejectionOf(expectInvalidates({ write: plan.touch(1), reads: plan.userByKey('sk-1') }))
  expect(missed.message).toContain('was still answered from the cache after Accounts.touch(1)')
  const bare = await rejectionOf(expectInvalidates({ write: plan.forgetful(1, 2), reads: plan.userById(1) }))
  expect(bare.message).toContain('is not decorated with @Invalidates')
})

test('a mutation is seen by the next read: ten more credits are there', async () => {
  configuredCache()
  const accounts = new Accounts()
  expect((await accounts.userByKey('sk-1'))?.credits).toBe(10)
  await accounts.addCredits(1, 10)
  expect((await accounts.userByKey('sk-1'))?.credits).toBe(20)
  await accounts.setCredits(1, 3)
  expect((await accounts.userById(1))?.credits).toBe(3)
})
