import { ManualClock } from '@granary/testing'
import { expect, test } from 'vitest'
import {
  type Embedder,
  type FailingPart,
  type Judge,
  lexicalEmbedder,
  memoryIndex,
  memoryLabelStore,
  thresholdJudge,
  type VectorIndex,
} from '../../src/index.ts'
import { stage } from '../stage.ts'

const QUESTION = 'How do I cancel my subscription?'
const NEAR = 'how do i cancel my subscriptions'
const NEVER = new Promise<never>(() => {})
const broken = () => Promise.reject(new Error('broken'))

function embedder(embed: Embedder['embed']): Embedder {
  return { ...lexicalEmbedder(), embed }
}

function index(methods: Partial<VectorIndex>): VectorIndex {
  const inner = memoryIndex()
  return {
    add: (...args) => inner.add(...args),
    search: (...args) => inner.search(...args),
    relink: (...args) => inner.relink(...args),
    delete: (...args) => inner.delete(...args),
    deleteTagged: (...args) => inner.deleteTagged(...args),
    close: () => inner.close(),
    ...methods,
  }
}

function judge(methods: Partial<Judge>): Judge {
  return { ...thresholdJudge(0.6), ...methods }
}

test.each<[FailingPart, string, object]>([
  ['embedder', 'rejects', { embedder: embedder(broken) }],
  [
    'embedder',
    'throws',
    {
      embedder: embedder(() => {
        throw new Error('broken')
      }),
    },
  ],
  ['embedder', 'answers nothing', { embedder: embedder(async () => []) }],
  ['index', 'rejects when searched', { index: index({ search: broken }) }],
  ['index', 'rejects when written', { index: index({ add: broken }) }],
  [
    'judge',
    'throws',
    {
      match: judge({
        judge: () => {
          throw new Error('broken')
        },
      }),
    },
  ],
  ['comparison', 'rejects', { match: { threshold: 0.99 }, compare: broken }],
])('an %s that %s is a miss, and an event', async (part, _, options) => {
  const { ask, semantic } = stage(options)
  const failed: string[] = []
  semantic.on('part-failed', (event) => failed.push(event.part))
  const answers = [await ask(QUESTION), await ask(NEAR), await ask(QUESTION)]
  expect(answers.map(({ completion }) => completion.choices[0]?.message.content)).toEqual(
    [QUESTION, NEAR, QUESTION].map((text) => `answer to ${text}`),
  )
  expect(answers.map(({ decision }) => decision.source)).toEqual(['model', 'model', 'exact'])
  expect(new Set(failed)).toEqual(new Set([part]))
  expect(semantic.stats().failures[part]).toBe(failed.length)
})

test.each<[string, number, object]>([
  ['embedder', 500, { embedder: embedder(() => NEVER) }],
  ['index', 100, { index: index({ search: () => NEVER }) }],
])('an %s that hangs costs its deadline of %i ms, and its signal fires', async (_, deadline, options) => {
  const clock = new ManualClock()
  const { semantic, request, model } = stage({ ...options, clock })
  const asked = semantic.ask(request(QUESTION), model.complete)
  await new Promise(setImmediate)
  clock.advance(deadline - 1)
  await new Promise(setImmediate)
  expect(model.asked).toHaveLength(0)
  clock.advance(1)
  expect((await asked).decision).toMatchObject({ source: 'model', refused: 'failure' })
})

test('an index that hangs when written, and a comparison that hangs, hold nobody up', async () => {
  const clock = new ManualClock()
  const { semantic, request, model } = stage({ index: index({ add: () => NEVER }), clock })
  expect((await semantic.ask(request(QUESTION), model.complete)).decision.source).toBe('model')
  expect((await semantic.ask(request(QUESTION), model.complete)).decision.source).toBe('exact')
  clock.advance(30_001)
  await semantic.whenIdle()
  expect(semantic.stats().failures.index).toBe(1)
})

test('a deadline is told to the part that missed it', async () => {
  const clock = new ManualClock()
  let told: unknown
  const hanging = embedder((_, signal) => {
    signal?.addEventListener('abort', () => {
      told = signal.reason
    })
    return NEVER
  })
  const { semantic, request, model } = stage({ embedder: hanging, clock, deadlines: { embed: '20ms' } })
  const asked = semantic.ask(request(QUESTION), model.complete)
  await new Promise(setImmediate)
  clock.advance(20)
  await asked
  expect(told).toMatchObject({ name: 'DeadlineMissed' })
})

test('an index cannot be made to serve what it did not show', async () => {
  const foreign = { id: 'e', text: QUESTION, answer: 'e', tags: [], similarity: 1 }
  const trial = {
    group: '',
    scope: '',
    entry: 'e',
    answer: 'e',
    features: [],
    score: 1,
    stance: 'served' as const,
    propensity: 1,
  }
  const evidence = { similarity: 1, margin: 1, score: 1, bound: undefined }
  const { ask } = stage({ match: judge({ judge: () => ({ action: 'serve', entry: foreign, evidence, trial }) }) })
  expect((await ask(QUESTION)).decision).toMatchObject({ source: 'model', refused: 'failure' })
})

test('while the label store is away nothing is lost: labels are handed in later', async () => {
  const clock = new ManualClock()
  const store = memoryLabelStore()
  let away = true
  const labels = {
    ...store,
    append: (...args: Parameters<typeof store.append>) => (away ? broken() : store.append(...args)),
  }
  const learned: boolean[] = []
  const { ask, semantic } = stage({
    clock,
    labels,
    match: { ...thresholdJudge(0.99), learn: ({ correct }) => learned.push(correct) },
  })
  await ask(QUESTION)
  await ask(NEAR)
  expect([learned, semantic.stats().failures.labels > 0]).toEqual([[], true])
  away = false
  await expect
    .poll(() => {
      clock.advance(2_000)
      return learned
    })
    .toEqual([false])
})
