import { createCache } from '@granary/core'
import { ManualClock } from '@granary/testing'
import { expect, test } from 'vitest'
import { stage } from '../stage.ts'

const QUESTION = 'How do I cancel my subscription?'
const NEAR = 'how do i cancel my subscriptions'

test.each(['length', 'content_filter', null])('an answer that ends with %s is not kept', async (finish) => {
  const { ask, model, semantic } = stage()
  model.finish = finish
  await ask(QUESTION)
  expect((await ask(QUESTION)).decision.source).toBe('model')
  expect((await ask(NEAR)).decision.source).toBe('model')
  expect(semantic.stats()).toMatchObject({ stored: 0, unkept: 3 })
})

test.each([
  ['a refusal', { refusal: 'I cannot', content: null }],
  ['an empty text', { content: '' }],
])('%s is not kept', async (_, message) => {
  const { semantic, request } = stage()
  const complete = async () => ({ choices: [{ message, finish_reason: 'stop' }] })
  await semantic.ask(request(QUESTION), complete)
  expect((await semantic.ask(request(QUESTION), complete)).decision.source).toBe('model')
})

test('an answer that calls tools is kept when asked for, and for the same request only', async () => {
  const message = {
    content: null,
    tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }],
  }
  const complete = async () => ({ choices: [{ message, finish_reason: 'tool_calls' }] })
  const without = stage()
  await without.semantic.ask(without.request(QUESTION), complete)
  expect((await without.semantic.ask(without.request(QUESTION), complete)).decision.source).toBe('model')
  const cache = createCache({ namespace: 'tools' })
  const { semantic, request } = stage({ cache, toolCalls: true })
  await semantic.ask(request(QUESTION), complete)
  await semantic.whenIdle()
  expect((await semantic.ask(request(QUESTION), complete)).decision.source).toBe('exact')
  expect((await semantic.ask(request(NEAR), complete)).decision.source).toBe('model')
  // What was kept under another rule is not served under this one.
  const strict = stage({ cache, name: 'semantic:strict' })
  expect((await strict.semantic.ask(request(QUESTION), complete)).decision.source).toBe('model')
})

test('something that is no completion passes through, and is not kept', async () => {
  const { semantic, request } = stage()
  for (const odd of [undefined, null, 'text', { choices: 'none' }]) {
    const { completion, decision } = await semantic.ask(request(QUESTION), async () => odd as never)
    expect([completion, decision.source]).toEqual([odd, 'model'])
  }
})

test('a hit says how old it is and what it saved, and never lengthens a life', async () => {
  const clock = new ManualClock()
  const cache = createCache({ namespace: 'age', clock })
  const price = ({ usage }: { usage: { total_tokens?: number } }) => (usage.total_tokens ?? 0) * 0.001
  const { ask, semantic } = stage({ cache, clock, ttl: '1h', price })
  await ask(QUESTION)
  for (let minutes = 0; minutes < 50; minutes += 10) {
    clock.advance(600_000)
    const { decision } = await ask(NEAR)
    expect(decision).toMatchObject({ source: 'semantic', age: (minutes + 10) * 60_000, savedTokens: 12 })
    expect(decision.savedCost).toBeCloseTo(0.012)
  }
  clock.advance(20 * 60_000)
  expect((await ask(QUESTION)).decision.source).toBe('model')
  expect(semantic.stats()).toMatchObject({ requests: 7, semantic: 5, model: 2, savedTokens: 60, hitRatePercent: 71.43 })
})

test('the answer of a volatile question is kept for a minute', async () => {
  const clock = new ManualClock()
  const cache = createCache({ namespace: 'volatile', clock })
  const { ask } = stage({ cache, clock })
  await ask('What is the weather in Paris?')
  clock.advance(30_000)
  expect((await ask('What is the weather in Paris?')).decision.source).toBe('exact')
  clock.advance(40_000)
  expect((await ask('What is the weather in Paris?')).decision).toMatchObject({ source: 'model', refused: 'volatile' })
})

test.each(['chat:ada', 'model:small', 'course:1'])('the tag %s takes answers away, from both layers', async (tag) => {
  const { ask, semantic, request } = stage({ tags: () => ['course:1'] })
  await ask(QUESTION)
  const explain = () => Promise.all([QUESTION, NEAR].map((text) => semantic.explain(request(text))))
  expect((await explain()).map(({ source }) => source)).toEqual(['exact', 'semantic'])
  await semantic.invalidateTags([tag])
  expect((await explain()).map(({ source, neighbours }) => [source, neighbours.length])).toEqual([
    ['model', 0],
    ['model', 0],
  ])
})

test('an entry whose answer went away by the cache’s own means is deleted when it is come across', async () => {
  const { ask, cache, semantic } = stage()
  await ask(QUESTION)
  await cache.invalidateTags(['chat:ada'])
  const dropped: string[] = []
  semantic.on('entry-dropped', ({ cause }) => dropped.push(cause))
  expect((await ask(NEAR)).decision).toMatchObject({ source: 'model' })
  await ask('how do i cancel my subscription please')
  expect(dropped).toEqual(['answer-gone'])
})
