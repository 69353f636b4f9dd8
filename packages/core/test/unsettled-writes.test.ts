import { expect, test } from 'vitest'
import { UnsettledWrites } from '../src/invalidation/unsettled-writes.ts'

/** Whether a promise is fulfilled once everything that can happen now has happened. */
async function isFulfilled(promise: Promise<unknown>): Promise<boolean> {
  let fulfilled = false
  void promise.then(() => {
    fulfilled = true
  })
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  return fulfilled
}

test('what follows two writes of a key waits for both, and for no other key', async () => {
  const writes = new UnsettledWrites()
  const [first, second] = [writes.begin('a'), writes.begin('a')]
  writes.begin('b')
  first()
  const next = writes.settled(['a'])
  expect(await isFulfilled(next)).toBe(false)
  second()
  expect(await isFulfilled(next)).toBe(true)
  expect(writes.size).toBe(1)
})

test('a write that begins later is not waited for', async () => {
  const writes = new UnsettledWrites()
  const settle = writes.begin('a')
  const next = writes.settled(['a'])
  const later = writes.begin('a')
  settle()
  expect(await isFulfilled(next)).toBe(true)
  later()
  expect(writes.size).toBe(0)
})
