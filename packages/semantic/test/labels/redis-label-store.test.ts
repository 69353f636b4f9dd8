import { createCache } from '@granary/core'
import { type RedisServer, startRedis } from '@granary/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createSemanticCache, memoryIndex, redisLabelStore, thresholdJudge } from '../../src/index.ts'
import { labelStoreContract } from '../contracts/label-store.ts'

let redis: RedisServer
let stores = 0

beforeAll(async () => {
  redis = await startRedis()
})

afterAll(() => redis.stop())

/** The Redis of a cache. */
function connected() {
  const cache = createCache({ namespace: 'labels', redis: redis.url })
  onTestFinished(() => cache.close())
  return cache
}

describe('the labels of a fleet', () => {
  labelStoreContract(() => redisLabelStore({ redis: connected().redis, namespace: `contract-${++stores}` }))

  test('outlive the one who appended them, and what is no label is passed over', async () => {
    const { redis: handle } = connected()
    const label = (correct: boolean) => ({ trial: { ...TRIAL }, correct, source: 'feedback' as const })
    const before = redisLabelStore({ redis: handle, namespace: 'outlive' })
    await before.append('judge', [label(true)])
    await before.close()
    const client = await handle?.duplicate()
    await client?.connect()
    await client?.callBuffer('XADD', ['outlive:labels:judge', '*', 'label', '{"correct":'])
    client?.disconnect()
    const after = redisLabelStore({ redis: handle, namespace: 'outlive' })
    await after.append('judge', [label(false)])
    const { labels } = await after.read('judge', undefined, 10)
    expect(labels.map(({ correct }) => correct)).toEqual([true, false])
    await after.close()
  })

  test('what one process learns, the others learn', async () => {
    const learned: boolean[][] = [[], []]
    const index = memoryIndex()
    const processes = learned.map((own) => {
      const cache = connected()
      const semantic = createSemanticCache({
        cache,
        partition: 'shared',
        ttl: '1h',
        index: { ...index, add: index.add.bind(index), search: index.search.bind(index), close: async () => {} },
        labels: redisLabelStore({ redis: cache.redis, namespace: 'learned' }),
        match: { ...thresholdJudge(0.99), id: 'judge', learn: ({ correct }) => own.push(correct) },
      })
      onTestFinished(() => semantic.close())
      return semantic
    })
    for (const content of ['How do I cancel my subscription?', 'how do i cancel my subscriptions']) {
      const request = { model: 'm', temperature: 0, messages: [{ role: 'user', content }] }
      await processes[0]?.ask(request, async () => ({ choices: [{ message: { content: 'Like this.' } }] }))
      await processes[0]?.whenIdle()
    }
    await expect.poll(() => learned, { timeout: 10_000 }).toEqual([[true], [true]])
  })

  test.each([
    ['maxLabels', { maxLabels: 10 }],
    ['namespace', { namespace: 'a b' }],
    ['redis', { redis: undefined }],
  ])('refuses %s that cannot be used', (option, given) => {
    expect(() => redisLabelStore({ redis: connected().redis, ...given })).toThrow(option)
  })
})

const TRIAL = {
  group: 'g',
  scope: 's',
  entry: 'e',
  answer: 'a',
  features: [1],
  score: 0.5,
  stance: 'served' as const,
  propensity: 1,
}
