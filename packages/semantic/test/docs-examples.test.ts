import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import * as core from '@granary/core'
import { type Cache, type CacheOptions, createCache } from '@granary/core'
import { type RedisServer, startRedis } from '@granary/testing'
import { generateText, wrapLanguageModel } from 'ai'
import { transform } from 'esbuild'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { semanticCacheMiddleware } from '../src/ai-sdk/index.ts'
import type { AnswerComparison, Answered, ChatRequest, SemanticCache, SemanticCacheOptions } from '../src/index.ts'
import * as semantics from '../src/index.ts'
import { withSemanticCache } from '../src/openai/index.ts'
import { ChatServer } from './chat-server.ts'

const QUESTION = 'How do I cancel my subscription?'
const NEAR = 'how do i cancel my subscriptions'

let redis: RedisServer
let caches = 0

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

/** The examples of a page or of a doc comment, without imports. */
function examplesOf(path: string): readonly string[] {
  const text = readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8')
  return [...text.matchAll(/^([ *]*)```ts\n([\s\S]*?)^\1```/gm)].map(({ 1: margin, 2: code }) =>
    (code as string)
      .replaceAll(new RegExp(`^${(margin as string).trimEnd().replaceAll('*', '\\*')} ?`, 'gm'), '')
      .replaceAll(/^import .*$/gm, ''),
  )
}

/** A service that speaks the protocol, a client of it, and caches that end with the test; Redis is waited for as a busy machine needs it. */
async function stage() {
  const server = new ChatServer()
  const baseURL = await server.start()
  const openai = new OpenAI({ apiKey: 'test', baseURL, maxRetries: 0 })
  const made: SemanticCacheOptions[] = []
  const libraries = {
    ...core,
    ...semantics,
    createCache: ({ redis: client, ...options }: CacheOptions = {}): Cache => {
      const shared = client === 'env' ? { redis: { client: redis.url, callBudget: '20s' } as const } : {}
      const cache = createCache({ ...options, ...shared, namespace: `docs${++caches}` })
      onTestFinished(() => cache.close())
      return cache
    },
    createSemanticCache: (options: SemanticCacheOptions): SemanticCache => {
      made.push(options)
      const semantic = semantics.createSemanticCache({ ...options, name: `docs${made.length}` })
      onTestFinished(() => semantic.close())
      return semantic
    },
  }
  const request: ChatRequest = {
    model: 'small',
    temperature: 0,
    user: 'ada',
    messages: [{ role: 'user', content: QUESTION }],
  }
  /** Runs examples as one program, and answers what `result` is at its end. */
  const run = async <T>(code: string, result: string, surroundings: Record<string, unknown> = {}): Promise<T> => {
    const { code: script } = await transform(`async () => {\n${code}\nreturn ${result}\n}`, { loader: 'ts' })
    const known: Record<string, unknown> = { ...libraries, openai, request, ...surroundings }
    const program = new Function(...Object.keys(known), `return (${script.trim().replace(/;$/, '')})()`)
    return (await program(...Object.values(known))) as T
  }
  return { server, baseURL, openai, request, run, made }
}

const README = 'packages/semantic/README.md'

describe('packages/semantic/README.md:', () => {
  test('the model is asked the first time, then it is an exact hit; a complaint counts, and an invalidated tag asks again', async () => {
    const { openai, server, run } = await stage()
    const [first = '', , , last = ''] = examplesOf(README)
    const said: unknown[] = []
    const console = { log: (word: unknown) => said.push(word) }
    const ask = 'await semantic.ask(request, (each) => openai.chat.completions.create(each))'
    const { semantic, request, again } = await run<{ semantic: SemanticCache; request: ChatRequest; again: Answered }>(
      [first, 'await semantic.whenIdle()', `const again = ${ask}`, last].join('\n'),
      '{ semantic, request, again }',
      { console },
    )
    expect([...said, again.decision.source]).toEqual(['model', 'exact'])
    expect(semantic.stats().feedback.bad).toBe(1)
    expect(server.asked).toHaveLength(1)
    const create = (each: ChatRequest) => openai.chat.completions.create(each as never) as never
    expect((await semantic.ask(request, create)).decision.source).toBe('model')
  })

  test('what can be said of a bound', async () => {
    const { run, made } = await stage()
    const code = (examplesOf(README)[1] as string).replaceAll('…', "cache, partition: 'shared', ttl: '1h'")
    await run(`const cache = createCache()\n${code}`, 'undefined')
    expect(made.map(({ match }) => match)).toEqual([
      { maxWrongPerHit: 0.02 },
      { maxWrongPerHit: 0.02, shadow: true },
      { threshold: 0.95 },
    ])
  })

  test('a small model says whether answers are equal', async () => {
    const { server, run } = await stage()
    const code = (examplesOf(README)[2] as string).trim().replace(/,$/, '')
    const { compare } = await run<{ compare: AnswerComparison }>('', `{ ${code} }`)
    server.answer = () => 'SAME'
    const pair = {
      text: QUESTION,
      answer: 'In the settings.',
      nearText: NEAR,
      nearAnswer: 'See settings, at the bottom.',
    }
    expect(await compare(pair)).toBe('same')
    expect(server.asked).toMatchObject([{ model: 'small' }])
  })
})

test('docs/concepts/semantic-cache.md: a fleet asks the model once', async () => {
  const { server, run } = await stage()
  const [code = ''] = examplesOf('docs/concepts/semantic-cache.md')
  const ask = /await (semantic\.ask\(.*\))$/m.exec(code)?.[1]
  const twice = code.replace('await semantic.close()', `const again = await ${ask}\nawait semantic.close()`)
  const answers = await run<Answered[]>(twice, '[{ completion, decision }, again]')
  expect(answers.map(({ decision }) => decision.source)).toEqual(['model', 'exact'])
  expect(answers[1]?.completion).toEqual(answers[0]?.completion)
  expect(server.asked).toHaveLength(1)
})

describe('what doc comments show:', () => {
  test('a function that is wrapped', async () => {
    const { server, run } = await stage()
    const [code = ''] = examplesOf('packages/semantic/src/create-semantic-cache.ts')
    const texts = await run<string[]>(
      `const cache = createCache()\n${code}\nconst all = [await complete(request), await complete(request)]`,
      'all.map(({ choices }) => choices[0].message.content)',
    )
    expect(texts).toEqual([`answer to ${QUESTION}`, `answer to ${QUESTION}`])
    expect(server.asked).toHaveLength(1)
  })

  test('a client of the openai package', async () => {
    const { openai, server, request, run } = await stage()
    const [code = ''] = examplesOf('packages/semantic/src/openai/with-semantic-cache.ts')
    class Configured {
      readonly chat = openai.chat
    }
    const { completion } = await run<{ completion: OpenAI.ChatCompletion }>(
      `const semantic = createSemanticCache({ cache: createCache(), partition: 'shared', ttl: '1h' })\n${code}`,
      '{ completion }',
      { withSemanticCache, OpenAI: Configured, model: 'small', messages: request.messages },
    )
    expect(completion.choices[0]?.message.content).toBe(`answer to ${QUESTION}`)
    expect(server.asked).toHaveLength(1)
  })

  test('a model of the AI SDK', async () => {
    const { baseURL, server, run } = await stage()
    const [code = ''] = examplesOf('packages/semantic/src/ai-sdk/middleware.ts')
    const { text, semantic } = await run<{ text: string; semantic: SemanticCache }>(
      `const semantic = createSemanticCache({ cache: createCache(), partition: ({ user }) => user, ttl: '1h' })\n${code}`,
      '{ text, semantic }',
      {
        wrapLanguageModel,
        generateText,
        semanticCacheMiddleware,
        openai: createOpenAICompatible({ name: 'local', baseURL, includeUsage: true }),
        prompt: QUESTION,
      },
    )
    expect(text).toBe(`answer to ${QUESTION}`)
    expect(semantic.stats().requests).toBe(1)
    expect(server.asked).toHaveLength(1)
  })
})
