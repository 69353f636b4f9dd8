import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { createCache } from '@granary/core'
import { generateText, jsonSchema, streamText, tool, wrapLanguageModel } from 'ai'
import { expect, onTestFinished, test } from 'vitest'
import { semanticCacheMiddleware } from '../../src/ai-sdk/index.ts'
import { createSemanticCache } from '../../src/index.ts'
import { ChatServer } from '../chat-server.ts'

const QUESTION = 'How do I cancel my subscription?'
const NEAR = 'how do i cancel my subscriptions'

async function stage() {
  const server = new ChatServer()
  const baseURL = await server.start()
  const semantic = createSemanticCache({
    cache: createCache({ namespace: 'ai' }),
    partition: (request) => request['user'] as string,
    ttl: '1h',
    match: { threshold: 0.6 },
  })
  onTestFinished(() => semantic.close())
  const provider = createOpenAICompatible({ name: 'local', baseURL, includeUsage: true })
  const model = wrapLanguageModel({ model: provider('small'), middleware: semanticCacheMiddleware(semantic) })
  const call = (prompt: string, user = 'ada') => ({
    model,
    prompt,
    temperature: 0,
    maxRetries: 0,
    providerOptions: { granary: { user } },
  })
  const generate = async (...given: Parameters<typeof call>) => {
    const result = await generateText(call(...given))
    await semantic.whenIdle()
    return result
  }
  const stream = async (...given: Parameters<typeof call>) => {
    const result = streamText(call(...given))
    const pieces: string[] = []
    for await (const piece of result.textStream) pieces.push(piece)
    await semantic.whenIdle()
    return { pieces, text: pieces.join(''), usage: await result.usage, finishReason: await result.finishReason }
  }
  return { server, semantic, call, generate, stream }
}

test('generateText asks the model once for the same, and not at all for what means the same', async () => {
  const { server, generate } = await stage()
  const [first, second, near] = [await generate(QUESTION), await generate(QUESTION), await generate(NEAR)]
  expect([first, second, near].map(({ text }) => text)).toEqual(Array(3).fill(`answer to ${QUESTION}`))
  expect(second.usage).toEqual(first.usage)
  expect(second.finishReason).toBe('stop')
  expect([first, second, near].map(({ response }) => response.headers?.['X-Cache'])).toEqual([
    'MISS',
    'HIT',
    'SEMANTIC',
  ])
  expect(server.asked).toHaveLength(1)
})

test('streamText is recorded and replayed with its boundaries', async () => {
  const { server, stream } = await stage()
  const [first, second] = [await stream(QUESTION), await stream(QUESTION)]
  expect(second).toEqual(first)
  expect(first.pieces.length).toBeGreaterThan(5)
  expect(first).toMatchObject({ text: `answer to ${QUESTION}`, finishReason: 'stop' })
  expect(first.usage.totalTokens).toBe(12)
  expect(server.asked).toHaveLength(1)
})

test('one entry serves both', async () => {
  const { server, stream, generate } = await stage()
  await stream(QUESTION)
  const whole = await generate(QUESTION)
  expect([whole.text, whole.usage.totalTokens]).toEqual([`answer to ${QUESTION}`, 12])
  await generate('What does the large plan cost per seat?', 'grace')
  const streamed = await stream('What does the large plan cost per seat?', 'grace')
  expect(streamed.text).toBe('answer to What does the large plan cost per seat?')
  expect(server.asked).toHaveLength(2)
})

test('another tenant is another partition, and none is refused', async () => {
  const { server, generate } = await stage()
  await generate(QUESTION)
  await generate(QUESTION, 'grace')
  expect(server.asked).toHaveLength(2)
  await expect(generate(QUESTION, '')).rejects.toThrow('partition')
})

test('a stream that is left is broken off and not kept', async () => {
  const { server, semantic, call } = await stage()
  server.pace = 5
  server.answer = () => 'word '.repeat(100)
  const controller = new AbortController()
  const result = streamText({ ...call(QUESTION), abortSignal: controller.signal })
  let taken = 0
  for await (const _ of result.textStream) {
    taken += 1
    if (taken === 5) controller.abort()
  }
  await expect.poll(() => server.broken).toBe(1)
  await semantic.whenIdle()
  expect(semantic.stats().stored).toBe(0)
})

test('Cache-Control: no-store goes past the cache, and an answer cut off is not kept', async () => {
  const { server, call, generate } = await stage()
  await generateText({ ...call(QUESTION), headers: { 'Cache-Control': 'no-store' } })
  server.finish = 'length'
  await generate(QUESTION)
  await generate(QUESTION)
  expect(server.asked).toHaveLength(3)
})

test('other tools are another question, and a conversation with their results is matched exactly', async () => {
  const { server, semantic, call } = await stage()
  const weather = tool({
    description: 'weather',
    inputSchema: jsonSchema<object>({ type: 'object' }),
    execute: () => 'rain',
  })
  await generateText({ ...call(QUESTION), tools: { weather } })
  await semantic.whenIdle()
  await generateText({ ...call(NEAR), tools: { weather } })
  expect(server.asked).toHaveLength(1)
  await generateText({ ...call(NEAR), tools: { other: weather } })
  expect(server.asked).toHaveLength(2)
})
