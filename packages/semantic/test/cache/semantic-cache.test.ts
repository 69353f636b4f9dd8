import { createCache } from '@granary/core'
import { expect, test } from 'vitest'
import { type ChatRequest, createSemanticCache } from '../../src/index.ts'

function stage(threshold = 0.6) {
  const cache = createCache({ namespace: 'test' })
  const semantic = createSemanticCache({
    cache,
    partition: (request) => request['user'] as string,
    ttl: '1h',
    match: { threshold },
  })
  const asked: string[] = []
  const complete = async ({ messages }: ChatRequest) => {
    const text = String(messages.at(-1)?.content)
    asked.push(text)
    return { choices: [{ message: { content: `answer to ${text}` } }], usage: { total_tokens: 12 } }
  }
  const ask = (content: string, fields: object = {}) =>
    semantic.ask(
      { model: 'small', temperature: 0, user: 'ada', messages: [{ role: 'user', content }], ...fields },
      complete,
    )
  return { semantic, complete, ask, asked }
}

test('the same request is answered once by the model, then from the cache', async () => {
  const { ask, asked } = stage()
  const first = await ask('How do I cancel my subscription?')
  const second = await ask('How do I cancel my subscription?')
  expect([first.decision.source, second.decision.source]).toEqual(['model', 'exact'])
  expect(second.completion).toEqual(first.completion)
  expect(second.decision.savedTokens).toBe(12)
  expect(asked).toHaveLength(1)
})

test('a request that is spelled nearly alike is answered by meaning, and says how near it was', async () => {
  const { ask, asked } = stage()
  await ask('How do I cancel my subscription?')
  const { completion, decision } = await ask('how do i cancel my subscriptions')
  expect(completion.choices[0]?.message.content).toBe('answer to How do I cancel my subscription?')
  expect(decision).toMatchObject({ source: 'semantic', savedTokens: 12 })
  expect(decision.similarity).toBeGreaterThan(0.6)
  expect(asked).toHaveLength(1)
})

test.each([
  ['tenant', { user: 'grace' }],
  ['model', { model: 'large' }],
  ['tools', { tools: [{ type: 'function' }] }],
  ['response format', { response_format: { type: 'json_object' } }],
])('another %s is a miss', async (_, fields) => {
  const { ask } = stage(0.01)
  await ask('How do I cancel my subscription?')
  expect((await ask('How do I cancel my subscription?', fields)).decision.source).toBe('model')
})

test('an error of the model reaches the caller untouched, and is not remembered', async () => {
  const { semantic, complete } = stage()
  const trouble = new Error('no credit')
  const request = { model: 'small', user: 'ada', messages: [{ role: 'user', content: 'hello there' }] }
  await expect(semantic.wrap(() => Promise.reject(trouble))(request)).rejects.toBe(trouble)
  expect((await semantic.wrap(complete)(request)).choices[0]?.message.content).toBe('answer to hello there')
})

test('a partition that names nobody is refused', async () => {
  const { ask } = stage()
  await expect(ask('hello', { user: undefined })).rejects.toThrow('partition')
})
