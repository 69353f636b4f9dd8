import { beforeEach, describe, expect, test } from 'vitest'
import { ContractViolated, calling, expectInvalidates, InvalidTestOption } from '../../src/index.ts'
import { decorate, entries, forgetTag, type HandMade, nodes } from './decorated.ts'

/** A service whose reads are tagged and whose write forgets what the test says. */
function newService(write?: HandMade) {
  class Billing {
    credits = 0
    async balance(user: number): Promise<string> {
      return `user ${user} has ${this.credits}`
    }
    async plan(user: number): Promise<string> {
      return `plan of ${user}`
    }
    async random(): Promise<number> {
      return Math.random()
    }
    async addCredits(_user: number, amount: number): Promise<void> {
      if (amount < 0) throw new Error('not an amount')
      this.credits += amount
    }
  }
  decorate(Billing.prototype, 'balance', { tags: ['user:1'], options: { tags: ['user:1'] } })
  decorate(Billing.prototype, 'plan', { tags: ['plan'] })
  decorate(Billing.prototype, 'random', { keeps: () => false })
  if (write !== undefined) decorate(Billing.prototype, 'addCredits', { kind: 'invalidates', ...write })
  return new Billing()
}

const messageOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'it passed',
    (error: unknown) => {
      expect(error).toBeInstanceOf(ContractViolated)
      return (error as Error).message
    },
  )

const works: HandMade = { forgets: (user: number) => forgetTag(`user:${user}`) }

beforeEach(() => {
  entries.clear()
  nodes.clear()
})

describe('a write that invalidates', () => {
  test('is proven by its reads, and by those it spares', async () => {
    const billing = newService(works)
    const plan = calling(billing)
    await expectInvalidates({
      write: plan.addCredits(1, 10),
      reads: plan.balance(1),
      spares: [plan.plan(1), plan.plan(2)],
    })
    expect(await billing.balance(1)).toBe('user 1 has 10')
  })

  test('may be any function, and the reads may be warm already', async () => {
    const billing = newService(works)
    await billing.balance(1)
    await expectInvalidates({ write: () => billing.addCredits(1, 10), reads: [calling(billing).balance(1)] })
  })

  test('may take effect within a given time', async () => {
    const billing = newService({ forgets: () => void setTimeout(() => forgetTag('user:1'), 60) })
    const read = calling(billing).balance(1)
    expect(await messageOf(expectInvalidates({ write: calling(billing).addCredits(1, 1), reads: read }))).toMatch(
      /still answered/,
    )
    await new Promise((resolve) => setTimeout(resolve, 80))
    await expectInvalidates({ write: calling(billing).addCredits(1, 1), reads: read, within: 2_000 })
  })
})

describe('a write that does not', () => {
  test('because it is not decorated', async () => {
    const billing = newService()
    const plan = calling(billing)
    expect(
      await messageOf(expectInvalidates({ write: plan.addCredits(1, 10), reads: plan.balance(1) })),
    ).toMatchInlineSnapshot(
      `"Billing.addCredits is not decorated with @Invalidates: was the decorator lost in a merge?"`,
    )
  })

  test('because its tags do not meet those of the read', async () => {
    const billing = newService({ options: { tags: ['users:1'] } })
    const plan = calling(billing)
    expect(
      await messageOf(expectInvalidates({ write: plan.addCredits(1, 10), reads: plan.balance(1) })),
    ).toMatchInlineSnapshot(
      `"Billing.balance(1) was still answered from the cache after Billing.addCredits(1, 10). Do the tags or entries of the write and the tags of the read meet for these arguments? (@Cached of Billing.balance has tags user:1; @Invalidates of Billing.addCredits has tags users:1)"`,
    )
    expect(
      await messageOf(expectInvalidates({ write: () => billing.addCredits(1, 10), reads: plan.plan(1) })),
    ).toMatchInlineSnapshot(
      `"Billing.plan(1) was still answered from the cache after the write. Is what it calls decorated with @Invalidates, and do its tags meet the tags of the read?"`,
    )
  })

  test('because it rejects', async () => {
    const billing = newService(works)
    const plan = calling(billing)
    const failure = expectInvalidates({ write: plan.addCredits(1, -1), reads: plan.balance(1) })
    expect(await messageOf(failure)).toMatchInlineSnapshot(
      `"Billing.addCredits(1, -1) rejected, and a write that fails invalidates nothing: Error: not an amount"`,
    )
    await expect(failure).rejects.toMatchObject({ cause: new Error('not an amount') })
  })
})

describe('a write that invalidates too much', () => {
  test('is told by the read that should have been spared', async () => {
    const billing = newService({ forgets: () => entries.clear() })
    const plan = calling(billing)
    expect(
      await messageOf(
        expectInvalidates({ write: plan.addCredits(1, 10), reads: plan.balance(1), spares: plan.plan(2) }),
      ),
    ).toMatchInlineSnapshot(
      `"Billing.plan(2) ran its body again after Billing.addCredits(1, 10), which should have spared it. Is a tag shared that should name one subject only, or a whole name or namespace cleared?"`,
    )
  })
})

describe('a proof that would prove nothing', () => {
  test('the read is not cached before the write', async () => {
    const billing = newService(works)
    const plan = calling(billing)
    expect(
      await messageOf(expectInvalidates({ write: plan.addCredits(1, 10), reads: plan.random() })),
    ).toMatchInlineSnapshot(
      `"Billing.random() is not cached before the write: two calls in a row both ran its body, so nothing can be invalidated. Prove that it is cached first, with expectCached."`,
    )
  })

  test('no read, a read that is no planned call, a time that is none', async () => {
    const billing = newService(works)
    const write = () => billing.addCredits(1, 10)
    const reads = calling(billing).balance(1)
    await expect(expectInvalidates({ write, reads: [] })).rejects.toThrow(InvalidTestOption)
    await expect(expectInvalidates({ write, reads, within: -1 })).rejects.toThrow(/within: -1/)
    const made = billing.balance(1) as unknown as typeof reads
    await expect(expectInvalidates({ write, reads: made })).rejects.toThrow(/calling\(service\)/)
  })
})
