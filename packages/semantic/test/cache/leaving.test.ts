import { expect, test } from 'vitest'
import type { ChatChunk, ChatCompletion, ChatRequest } from '../../src/index.ts'
import { stage } from '../stage.ts'

const QUESTION = 'How do I cancel my subscription?'

interface Options {
  readonly signal?: AbortSignal
  readonly tenant?: string
}

/** A model that answers when it is told to, and notes the signals it is given. */
function slowModel() {
  const signals: AbortSignal[] = []
  let answer = () => {}
  const ready = new Promise<void>((resolve) => {
    answer = resolve
  })
  const obey = async (signal: AbortSignal | undefined): Promise<void> => {
    if (signal === undefined) throw new Error('no signal came')
    signals.push(signal)
    const left = new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
    })
    left.catch(() => {})
    await Promise.race([ready, left])
  }
  const chunk = (content: string, finish: string | null): ChatChunk => ({
    choices: [{ index: 0, delta: { content }, finish_reason: finish }],
  })
  return {
    signals,
    answer: () => answer(),
    complete: async (_: ChatRequest, { signal }: Options): Promise<ChatCompletion> => {
      await obey(signal)
      return { choices: [{ message: { content: 'answer' } }] }
    },
    async *stream(_: ChatRequest, { signal }: Options): AsyncGenerator<ChatChunk> {
      yield chunk('one ', null)
      await obey(signal)
      yield chunk('two', 'stop')
    },
  }
}

test('a wrapped function is told by its own signal when the last of its callers has left, and not before', async () => {
  const { semantic, request } = stage()
  const model = slowModel()
  const complete = semantic.wrap(model.complete)
  const callers = [new AbortController(), new AbortController()]
  const calls = callers.map(({ signal }) => complete(request(QUESTION), { signal, tenant: 'a' }))
  await expect.poll(() => model.signals.length).toBe(1)
  callers[0]?.abort(new Error('first is gone'))
  await expect(calls[0]).rejects.toThrow('first is gone')
  expect(model.signals[0]?.aborted).toBe(false)
  callers[1]?.abort(new Error('second is gone'))
  await expect(calls[1]).rejects.toThrow('second is gone')
  expect(model.signals.map(({ aborted }) => aborted)).toEqual([true])
})

test('a caller who stays gets the answer although the one who asked the model has left', async () => {
  const { semantic, request } = stage()
  const model = slowModel()
  const complete = semantic.wrap(model.complete)
  const first = new AbortController()
  const gone = complete(request(QUESTION), { signal: first.signal })
  const stays = complete(request(QUESTION), { signal: new AbortController().signal })
  await expect.poll(() => model.signals.length).toBe(1)
  first.abort(new Error('gone'))
  await expect(gone).rejects.toThrow('gone')
  model.answer()
  expect((await stays).choices[0]?.message.content).toBe('answer')
  expect(model.signals.map(({ aborted }) => aborted)).toEqual([false])
})

test.each<[string, (signal: AbortSignal) => readonly unknown[]]>([
  ['as an argument', (signal) => ['en', signal]],
  ['as abortSignal', (signal) => ['en', { abortSignal: signal }]],
])('a signal may come %s, and what else is passed is passed on', async (_, rest) => {
  const { semantic, request } = stage()
  const given: (readonly unknown[])[] = []
  const complete = semantic.wrap(async (__: ChatRequest, ...more: readonly unknown[]): Promise<ChatCompletion> => {
    given.push(more)
    return await new Promise(() => {})
  })
  const controller = new AbortController()
  const call = complete(request(QUESTION), ...rest(controller.signal))
  await expect.poll(() => given.length).toBe(1)
  controller.abort(new Error('gone'))
  await expect(call).rejects.toThrow('gone')
  const [language, second] = given[0] as [string, AbortSignal | { abortSignal: AbortSignal }]
  const signal = second instanceof AbortSignal ? second : second.abortSignal
  expect([language, signal.aborted, signal === controller.signal]).toEqual(['en', true, false])
})

test('a wrapped stream is told when its last reader has left, by its signal or by reading no further', async () => {
  const { semantic, request } = stage()
  const model = slowModel()
  const stream = semantic.wrapStream(model.stream)
  const controller = new AbortController()
  const readers = [
    stream(request(QUESTION, { stream: true }), { signal: controller.signal }),
    stream(request(QUESTION, { stream: true }), { signal: new AbortController().signal }),
  ] as const
  expect((await readers[0].next()).value).toMatchObject({ choices: [{ delta: { content: 'one ' } }] })
  expect((await readers[1].next()).value).toMatchObject({ choices: [{ delta: { content: 'one ' } }] })
  const waiting = readers[0].next()
  await expect.poll(() => model.signals.length).toBe(1)
  controller.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  expect(model.signals[0]?.aborted).toBe(false)
  await readers[1].return(undefined)
  expect(model.signals[0]?.aborted).toBe(true)
})

test('a stream of a wrapped function is told as well', async () => {
  const { semantic, request } = stage()
  const model = slowModel()
  const complete = semantic.wrap(async (each: ChatRequest, options: Options) => model.stream(each, options))
  const controller = new AbortController()
  const chunks = await complete(request(QUESTION, { stream: true }), { signal: controller.signal })
  const iterator = chunks[Symbol.asyncIterator]()
  await iterator.next()
  const waiting = iterator.next()
  await expect.poll(() => model.signals.length).toBe(1)
  controller.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  expect(model.signals[0]?.aborted).toBe(true)
})
