import { createCache } from '@granary/core'
import { Cached, cacheGraph, configureGranary } from '@granary/decorators'
import { expect, onTestFinished, test } from 'vitest'
import { NoSemanticCache, SemanticCached } from '../../src/decorators/index.ts'
import {
  type ChatChunk,
  type ChatCompletion,
  type ChatRequest,
  createSemanticCache,
  type SemanticCache,
} from '../../src/index.ts'
import { collect, said, streamOf } from '../stream/chunks.ts'

const QUESTION = 'How do I cancel my subscription?'
const NEAR = 'how do i cancel my subscriptions'

const request = (content: string, fields: object = {}): ChatRequest => ({
  model: 'small',
  temperature: 0,
  user: 'ada',
  messages: [{ role: 'user', content }],
  ...fields,
})

const answer = (text: string): ChatCompletion => ({ choices: [{ message: { content: `answer to ${text}` } }] })

function configured() {
  const cache = createCache({ namespace: 'decorated' })
  configureGranary({ cache })
  onTestFinished(() => cache.close())
  return cache
}

test('a method is answered exactly, by meaning, or by itself', async () => {
  configured()
  const asked: string[] = []
  class Chat {
    readonly greeting = 'Dear '

    @SemanticCached({
      name: 'chat:plain',
      partition: (each) => each['user'] as string,
      ttl: '1h',
      match: { threshold: 0.6 },
    })
    async complete({ messages }: ChatRequest): Promise<ChatCompletion> {
      const text = String(messages.at(-1)?.content)
      asked.push(this.greeting + text)
      return answer(text)
    }
  }
  const chat = new Chat()
  const answers = [QUESTION, QUESTION].map((text) => chat.complete(request(text)))
  expect(await Promise.all(answers)).toEqual([answer(QUESTION), answer(QUESTION)])
  await expect.poll(async () => (await chat.complete(request(NEAR))).choices).toEqual(answer(QUESTION).choices)
  expect((await chat.complete(request(QUESTION, { user: 'grace' }))).choices).toEqual(answer(QUESTION).choices)
  expect(asked.filter((each) => each === `Dear ${QUESTION}`)).toHaveLength(2)
})

test('a semantic cache may be given, or found on the instance; the request may stand anywhere', async () => {
  const cache = createCache({ namespace: 'given' })
  const semantic = createSemanticCache({ cache, partition: 'shared', ttl: '1h', match: { threshold: 0.6 } })
  onTestFinished(() => semantic.close())
  let asked = 0
  class Chat {
    readonly semantic: SemanticCache = semantic

    @SemanticCached({ name: 'chat:given', semantic, request: (_user: string, text: string) => request(text) })
    async ask(_user: string, text: string): Promise<ChatCompletion> {
      asked += 1
      return answer(text)
    }

    @SemanticCached({ name: 'chat:found', semantic: (self: Chat) => self.semantic })
    async complete({ messages }: ChatRequest): Promise<ChatCompletion> {
      asked += 1
      return answer(String(messages.at(-1)?.content))
    }
  }
  const chat = new Chat()
  await chat.ask('ada', QUESTION)
  const again = await chat.complete(request(QUESTION))
  expect([again.choices, asked]).toEqual([answer(QUESTION).choices, 1])
  expect(semantic.decisionOf(again)?.source).toBe('exact')
})

test('a method may stream', async () => {
  configured()
  let asked = 0
  class Chat {
    @SemanticCached({ name: 'chat:stream', partition: 'shared', ttl: '1h', match: { threshold: 0.6 } })
    async stream(_: ChatRequest): Promise<AsyncIterable<ChatChunk>> {
      asked += 1
      return (async function* () {
        yield* streamOf(['a ', 'b'])
      })()
    }
  }
  const chat = new Chat()
  const texts = []
  for (let time = 0; time < 2; time++) {
    texts.push(said(await collect(await chat.stream(request(QUESTION, { stream: true })))))
    await new Promise(setImmediate)
  }
  expect([texts, asked]).toEqual([['a b', 'a b'], 1])
})

test('a method is told by its own signal when the last of its callers has left, and not before', async () => {
  configured()
  const told: AbortSignal[] = []
  class Chat {
    @SemanticCached({ name: 'chat:leaving', partition: 'shared', ttl: '1h', match: { threshold: 0.6 } })
    async complete(_: ChatRequest, { signal }: { readonly signal: AbortSignal }): Promise<ChatCompletion> {
      told.push(signal)
      return await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    }
  }
  const chat = new Chat()
  const callers = [new AbortController(), new AbortController()]
  const calls = callers.map(({ signal }) => chat.complete(request(QUESTION), { signal }))
  await expect.poll(() => told.length).toBe(1)
  for (const [at, controller] of callers.entries()) {
    expect(told[0]?.aborted).toBe(false)
    controller.abort(new Error('gone'))
    await expect(calls[at]).rejects.toThrow('gone')
  }
  expect(told.map(({ aborted }) => aborted)).toEqual([true])
})

test('it is a node of the cache graph, and its name is its own', async () => {
  configured()
  class Chat {
    @Cached({ name: 'chat:node', ttl: '1m' })
    async other(): Promise<number> {
      return 1
    }

    @SemanticCached({ name: 'chat:node', partition: 'shared', ttl: '1h', match: { threshold: 0.6 } })
    async complete(_: ChatRequest): Promise<ChatCompletion> {
      return answer('x')
    }
  }
  // A standard decorator learns its class from the first instance.
  new Chat()
  const nodes = cacheGraph().methods.filter(({ name }) => name === 'chat:node')
  expect(nodes.map(({ kind, method }) => [kind, method])).toEqual([
    ['cached', 'Chat.other'],
    ['semantic', 'Chat.complete'],
  ])
})

test('without a cache the call says what to do; what is wrong with the options is thrown at decoration', async () => {
  configureGranary({})
  class Chat {
    @SemanticCached({ name: 'chat:none', partition: 'shared', ttl: '1h', match: { threshold: 0.6 } })
    async complete(_: ChatRequest): Promise<ChatCompletion> {
      return answer('x')
    }
  }
  await expect(new Chat().complete(request(QUESTION))).rejects.toBeInstanceOf(NoSemanticCache)
  const refused = () => {
    class Wrong {
      @SemanticCached({ name: 'chat:wrong', partition: 'shared', ttl: 'soon' as '1h', match: { threshold: 0.6 } })
      async complete(_: ChatRequest): Promise<ChatCompletion> {
        return answer('x')
      }
    }
    return Wrong
  }
  expect(refused).toThrow("'soon'")
  expect(refused).toThrow("(name 'chat:wrong')")
})
