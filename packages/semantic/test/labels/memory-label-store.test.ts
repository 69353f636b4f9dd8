import { describe, expect, test } from 'vitest'
import { memoryLabelStore } from '../../src/index.ts'
import { labelStoreContract } from '../contracts/label-store.ts'

describe('the labels of one process', () => {
  labelStoreContract(() => memoryLabelStore())

  test('are no more than maxLabels, and a slow reader goes on with the oldest one kept', async () => {
    const store = memoryLabelStore({ maxLabels: 3 })
    const label = (score: number) => ({ trial: { ...TRIAL, score }, correct: true, source: 'import' as const })
    await store.append('judge', [label(1)])
    const { cursor } = await store.read('judge', undefined, 10)
    await store.append('judge', [2, 3, 4, 5, 6].map(label))
    const { labels } = await store.read('judge', cursor, 10)
    expect(labels.map(({ trial }) => trial.score)).toEqual([4, 5, 6])
  })

  test('refuses a bound that is none', () => {
    expect(() => memoryLabelStore({ maxLabels: 1.5 })).toThrow('maxLabels')
  })
})

const TRIAL = {
  group: 'g',
  scope: 's',
  entry: 'e',
  answer: 'a',
  features: [],
  score: 0,
  stance: 'refused' as const,
  propensity: 1,
}
