import { createCache } from '@granary/core'
import OpenAI from 'openai'
import { expect, onTestFinished, test } from 'vitest'
import { createSemanticCache } from '../../src/index.ts'
import { withSemanticCache } from '../../src/openai/index.ts'
import { ChatServer } from '../chat-server.ts'

const QUESTION = 'How do I cancel my subscription?'
const NEAR = 'how do i cancel my subscriptions'

async function stage() {
  const server = new ChatServer()
  const baseURL = await server.start()
  const semantic = createSemanticCache({
    cache: createCache({ namespace: 'openai' }),
    partition: (request) => request['user'] as string,
    ttl: '1h',
    match: { threshold: 0.6 },
  })
  onTestFinished(() => semantic.close())
  const client = withSemanticCache(new OpenAI({ apiKey: 'test', baseURL, maxRetries: 0 }), semantic)
  const body = (content: string) => ({
    model: 'small',
    temperature: 0,
    user: 'ada',
    messages: [{ role: 'user' as const, content }],
  })
  const text = async (stream: AsyncIterable<OpenAI.ChatCompletionChunk>) => {
    let all = ''
    for await (const chunk of stream) all += chunk.choices[0]?.delta.content ?? ''
    await semantic.whenIdle()
    return all
  }
  return { server, semantic, client, body, text }
}

test('a client asks the model once for the same, and not at all for what means the same', async () => {
  const { server, semantic, client, body } = await stage()
  const first = await client.chat.completions.create(body(QUESTION))
  await semantic.whenIdle()
  const second = await client.chat.completions.create(body(QUESTION))
  const near = await client.chat.completions.create(body(NEAR))
  expect([first, second, near].map(({ choices }) => choices[0]?.message.content)).toEqual(
    Array(3).fill(`answer to ${QUESTION}`),
  )
  expect(server.asked).toHaveLength(1)
  expect(semantic.decisionOf(near)).toMatchObject({ source: 'semantic', savedTokens: 12 })
})

test('streams are recorded and replayed, and serve whole answers too', async () => {
  const { server, client, body, text } = await stage()
  const streaming = { ...body(QUESTION), stream: true as const, stream_options: { include_usage: true } }
  const chunks: OpenAI.ChatCompletionChunk[][] = []
  for (let time = 0; time < 2; time++) {
    const all: OpenAI.ChatCompletionChunk[] = []
    for await (const chunk of await client.chat.completions.create(streaming)) all.push(chunk)
    chunks.push(all)
    await new Promise(setImmediate)
  }
  expect(chunks[1]).toEqual(chunks[0])
  expect(chunks[0]?.at(-1)?.usage?.total_tokens).toBe(12)
  const plain = await client.chat.completions.create({ ...body(QUESTION), stream: true })
  expect(await text(plain)).toBe(`answer to ${QUESTION}`)
  const whole = await client.chat.completions.create(body(QUESTION))
  expect([whole.choices[0]?.message.content, whole.usage?.total_tokens]).toEqual([`answer to ${QUESTION}`, 12])
  expect(server.asked).toHaveLength(1)
})

test('the promise is the client’s own: with its response, and the decision in its headers', async () => {
  const { client, body } = await stage()
  const first = await client.chat.completions.create(body(QUESTION)).withResponse()
  expect(first.request_id).toBe('req-1')
  expect(first.response.headers.get('cache-status')).toBe('granary; fwd=uri-miss; detail=no-neighbour')
  const second = await client.chat.completions.create(body(QUESTION)).withResponse()
  expect(second.response.headers.get('x-cache')).toBe('HIT')
  expect(second.data.choices[0]?.message.content).toBe(`answer to ${QUESTION}`)
  const response = await client.chat.completions.create(body(QUESTION)).asResponse()
  expect(await response.json()).toEqual(second.data)
  const stream = await client.chat.completions.create({ ...body(QUESTION), stream: true }).withResponse()
  expect(stream.response.headers.get('x-cache')).toBe('HIT')
  stream.data.controller.abort()
})

test('Cache-Control: no-store goes past the cache', async () => {
  const { server, client, body } = await stage()
  for (let time = 0; time < 2; time++) {
    await client.chat.completions.create(body(QUESTION), { headers: { 'Cache-Control': 'no-store' } })
  }
  expect(server.asked).toHaveLength(2)
})

test('an error of the service is the client’s own error', async () => {
  const { server, client, body } = await stage()
  server.status = 402
  await expect(client.chat.completions.create(body(QUESTION))).rejects.toBeInstanceOf(OpenAI.APIError)
  await expect(client.chat.completions.create({ ...body(QUESTION), stream: true })).rejects.toMatchObject({
    status: 402,
  })
  server.status = undefined
  expect((await client.chat.completions.create(body(QUESTION))).choices).toHaveLength(1)
})

test.each(['break', 'controller', 'signal'] as const)(
  'a stream that is left by its %s is broken off and not kept',
  async (how) => {
    const { server, semantic, client, body } = await stage()
    server.pace = 5
    server.answer = () => 'word '.repeat(100)
    const controller = new AbortController()
    const given = how === 'signal' ? { signal: controller.signal } : {}
    const stream = await client.chat.completions.create({ ...body(QUESTION), stream: true }, given)
    let taken = 0
    const reading = (async () => {
      for await (const _ of stream) {
        taken += 1
        if (taken < 5) continue
        if (how === 'break') break
        if (how === 'controller') stream.controller.abort()
        else controller.abort()
      }
    })()
    if (how === 'signal') await expect(reading).rejects.toThrow()
    else await reading
    await expect.poll(() => server.broken).toBe(1)
    await semantic.whenIdle()
    expect([taken < 10, semantic.stats().stored]).toEqual([true, 0])
  },
)

test('everything else of the client is as it was, and withOptions gives another cached client', async () => {
  const { server, semantic, client, body } = await stage()
  expect(client.apiKey).toBe('test')
  expect(client).toBeInstanceOf(OpenAI)
  const other = client.withOptions({ timeout: 5_000 })
  expect(other.timeout).toBe(5_000)
  await other.chat.completions.create(body(QUESTION))
  await semantic.whenIdle()
  await client.chat.completions.create(body(QUESTION))
  expect(server.asked).toHaveLength(1)
  const raw = await client.post('/chat/completions', { body: body(QUESTION) })
  expect(raw).toMatchObject({ object: 'chat.completion' })
  expect(server.asked).toHaveLength(2)
})
