import { createCache } from '@granary/core'
import { calling, expectCached, expectInvalidates } from '@granary/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { InsufficientCredits } from '../src/domain/credits.ts'
import { DEFAULT_RATE_LIMITS } from '../src/domain/rate-limits.ts'
import { createGateway, type Gateway } from '../src/gateway.ts'
import type { SeedKey } from '../src/seed/accounts.ts'
import type { Services } from '../src/services/services.ts'
import { at, configFor, goodKeys, type SeededDatabase, startSeededDatabase } from './fixture.ts'

let seeded: SeededDatabase
let gateway: Gateway
let services: Services
let keys: SeedKey[]
let used = 0

beforeAll(async () => {
  seeded = await startSeededDatabase(120)
  gateway = createGateway(seeded.database, configFor(seeded.url), createCache({ namespace: 'services' }))
  services = gateway.services
  keys = goodKeys(seeded.accounts)
})

afterAll(async () => {
  await gateway.close()
  await seeded.stop()
})

/** A key and a user that no other test has touched. */
function freshKey(wanted: (key: SeedKey) => boolean = () => true): SeedKey {
  for (; used < keys.length; used += 1) {
    const key = at(keys, used)
    if (!wanted(key)) continue
    used += 1
    return key
  }
  throw new Error('no generated key is left for this test: generate more users')
}

const requestId = () => crypto.randomUUID()

describe('reads', () => {
  test('every read of authentication is cached by its argument', async () => {
    const [one, other] = [freshKey(), freshKey()]
    await expectCached(services.auth, 'validateKey', { args: [one.plaintext], apart: [[other.plaintext]] })
    await expectCached(services.auth, 'userByKey', { args: [one.plaintext], apart: [[other.plaintext]] })
    await expectCached(services.auth, 'userById', { args: [one.userId], apart: [[other.userId]] })
    await expectCached(services.auth, 'userByUsername', { args: [usernameOf(one)], apart: [[usernameOf(other)]] })
  })

  test('a key that was never issued is remembered as such', async () => {
    await expectCached(services.auth, 'validateKey', { args: ['gw_live_00000000000000000000000000000000'] })
  })

  test('every read of plans, limits, trials, balances and prices is cached', async () => {
    const [one, other] = [freshKey(), freshKey()]
    await expectCached(services.plans, 'list', { args: [] })
    await expectCached(services.plans, 'forUser', { args: [one.userId], apart: [[other.userId]] })
    await expectCached(services.rateLimits, 'config', { args: [one.id], apart: [[other.id]] })
    await expectCached(services.trials, 'status', { args: [one.id], apart: [[other.id]] })
    await expectCached(services.credits, 'balance', { args: [one.userId], apart: [[other.userId]] })
    await expectCached(services.catalog, 'pricing', { args: ['openai/gpt-4o'], apart: [['openai/gpt-4o-mini']] })
  })

  test('a user never shows a balance, so nobody can spend what a cache remembers', async () => {
    const user = await services.auth.userByKey(freshKey().plaintext)
    expect(Object.keys(user ?? {})).not.toEqual(expect.arrayContaining(['purchasedCredits']))
    expect(JSON.stringify(user)).not.toMatch(/credit|allowance|balance/i)
  })
})

describe('changes and what they make untrue', () => {
  test('credits: the balance of that user, and nothing else of theirs', async () => {
    const [{ userId, plaintext }, other] = [freshKey(), freshKey()]
    await expectInvalidates({
      write: calling(services.credits).add({ userId, amount: '10', requestId: requestId() }),
      reads: calling(services.credits).balance(userId),
      spares: [calling(services.credits).balance(other.userId), calling(services.auth).userByKey(plaintext)],
    })
  })

  test('profile, tier and standing: every way to that user, and no other user', async () => {
    const [one, other] = [freshKey(), freshKey()]
    const reads = [
      calling(services.auth).userById(one.userId),
      calling(services.auth).userByKey(one.plaintext),
      calling(services.auth).validateKey(one.plaintext),
    ]
    const spares = calling(services.auth).userById(other.userId)
    const { accounts } = services
    await expectInvalidates({
      write: calling(accounts).updateProfile(one.userId, { settings: { a: 1 } }),
      reads,
      spares,
    })
    await expectInvalidates({ write: calling(accounts).setTier(one.userId, 'max'), reads, spares })
    await expectInvalidates({ write: calling(accounts).suspend(one.userId), reads, spares })
    await expectInvalidates({ write: calling(accounts).reinstate(one.userId), reads, spares })
  })

  test('plans: those of one user when assigned or cancelled, those of all holders when the plan itself changes', async () => {
    const [one, other] = [freshKey(), freshKey()]
    await services.plans.assign(one.userId, 3)
    await services.plans.assign(other.userId, 3)
    const [mine, theirs] = [calling(services.plans).forUser(one.userId), calling(services.plans).forUser(other.userId)]
    await expectInvalidates({ write: calling(services.plans).assign(one.userId, 3), reads: mine, spares: theirs })
    await expectInvalidates({
      write: calling(services.plans).update(3, { description: 'changed' }),
      reads: [mine, theirs, calling(services.plans).byId(3), calling(services.plans).list()],
      spares: calling(services.plans).byId(2),
    })
    await expectInvalidates({ write: calling(services.plans).cancel(one.userId), reads: mine, spares: theirs })
    expect(await services.plans.forUser(one.userId)).toBeNull()
  })

  test('trials and limits: those of one key', async () => {
    const one = freshKey(({ isTrial }) => isTrial)
    const { trials, rateLimits } = services
    const use = { tokens: 10, credits: '0.01' }
    await expectInvalidates({ write: calling(trials).consume(one.id, use), reads: calling(trials).status(one.id) })
    await expectInvalidates({ write: calling(trials).convert(one.id), reads: calling(trials).status(one.id) })
    const limits = { ...DEFAULT_RATE_LIMITS, requestsPerMinute: 7 }
    const read = calling(rateLimits).config(one.id)
    await expectInvalidates({ write: calling(rateLimits).set(one.id, limits), reads: read })
    expect(await rateLimits.config(one.id)).toEqual(limits)
    await expectInvalidates({ write: calling(rateLimits).reset(one.id), reads: read })
    expect(await rateLimits.config(one.id)).toEqual(DEFAULT_RATE_LIMITS)
  })

  test('the catalog: the model, its provider, every list, and no other provider', async () => {
    const { catalog, catalogAdmin } = services
    const reads = [
      calling(catalog).model('openai/gpt-4o'),
      calling(catalog).pricing('openai/gpt-4o'),
      calling(catalog).byProvider('openai'),
      calling(catalog).full(),
      calling(catalog).search({ provider: 'openai', limit: 5 }),
    ]
    const price = { input: '0.000001', output: '0.000002', request: '0', source: 'manual' }
    const spares = calling(catalog).model('mistral/mistral-large-latest')
    await expectInvalidates({ write: calling(catalogAdmin).setModelPrice('openai/gpt-4o', price), reads, spares })
    expect((await catalog.model('openai/gpt-4o'))?.price?.input).toBe('0.000001000000000')
    await expectInvalidates({ write: calling(catalogAdmin).delistModel('openai/gpt-4o'), reads, spares })
    expect(await catalog.model('openai/gpt-4o')).toBeNull()
    const entry = seeded.catalog.models.find(({ provider, id }) => provider === 'openai' && id === 'gpt-4o')
    if (entry === undefined) throw new Error('the snapshot has no openai/gpt-4o')
    await expectInvalidates({
      write: calling(catalogAdmin).upsertModel(entry),
      reads: calling(catalog).model('openai/gpt-4o'),
    })
    expect((await catalog.model('openai/gpt-4o'))?.price).toEqual(entry.price)
    await expectInvalidates({
      write: calling(catalogAdmin).setProviderActive('openai', false),
      reads: [calling(catalog).byProvider('openai'), calling(catalog).full(), calling(catalog).providers()],
    })
    expect(await catalog.byProvider('openai')).toEqual([])
    await catalogAdmin.setProviderActive('openai', true)
  })
})

describe('money', () => {
  test('a debit empties the allowance before it touches what was bought', async () => {
    const { userId } = freshKey()
    await seeded.database.query('update users set subscription_allowance = 3, purchased_credits = 10 where id = $1', [
      userId,
    ])
    await services.credits.deduct({ userId, amount: '5', requestId: requestId() })
    expect(await services.credits.balance(userId)).toEqual({
      userId,
      subscriptionAllowance: '0.0000',
      purchasedCredits: '8.0000',
      total: '8.0000',
    })
  })

  test('a request that is sent twice moves money once, and its id serves for nothing else', async () => {
    const { userId } = freshKey()
    const movement = { userId, amount: '2.5', requestId: requestId() }
    const first = await services.credits.add(movement)
    expect(await services.credits.add(movement)).toEqual(first)
    expect(await services.credits.transactions(userId, 10)).toEqual([first])
    await expect(services.credits.add({ ...movement, amount: '3' })).rejects.toMatchObject({
      code: 'request_id_reused',
    })
    await expect(services.credits.deduct(movement)).rejects.toMatchObject({ code: 'request_id_reused' })
  })

  test('debits that arrive together never spend more than there is', async () => {
    const { userId } = freshKey()
    await seeded.database.query('update users set subscription_allowance = 0, purchased_credits = 10 where id = $1', [
      userId,
    ])
    const debits = Array.from({ length: 8 }, () =>
      services.credits.deduct({ userId, amount: '3', requestId: requestId() }),
    )
    const outcomes = await Promise.allSettled(debits)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(refusals.every((reason) => reason instanceof InsufficientCredits)).toBe(true)
    expect((await services.credits.balance(userId))?.total).toBe('1.0000')
  })

  test('a trial is consumed by the database: requests that arrive together never take more than it has', async () => {
    const { id } = freshKey(({ isTrial }) => isTrial)
    await seeded.database.query('update api_keys_new set trial_max_requests = 3 where id = $1', [id])
    const uses = await Promise.all(
      Array.from({ length: 8 }, () => services.trials.consume(id, { tokens: 1, credits: '0' })),
    )
    expect(uses.filter((use) => use !== null)).toHaveLength(3)
    expect((await services.trials.status(id))?.usedRequests).toBe(3)
  })
})

function usernameOf({ userId }: SeedKey): string {
  return at(seeded.accounts.users, userId - 1).username
}
