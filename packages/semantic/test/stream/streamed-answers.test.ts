import { createCache, LoadTimeout } from '@granary/core'
import { ManualClock } from '@granary/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ChatChunk, type ChatCompletion, createSemanticCache, LostThread } from '../../src/index.ts'
import { stage } from '../stage.ts'
import { collect, pieces, said, streamOf } from './chunks.ts'

const QUESTION = 'How do I cancel my subscription?'
const ANSWER = `answer to ${QUESTION}`

test('a stream is recorded while it passes, and replayed with its boundaries', async () => {
  const { stream, semantic, model } = stage()
  const first = await stream(QUESTION)
  const chunks = await collect(first.chunks)
  await semantic.whenIdle()
  const second = await stream(QUESTION)
  expect(await collect(second.chunks)).toEqual(chunks)
  expect([first.decision.source, second.decision.source]).toEqual(['model', 'exact'])
  expect([said(chunks), model.asked.length]).toEqual([ANSWER, 1])
})

test('one entry serves both: a stream from a whole answer, and a whole answer from a stream', async () => {
  const { stream, ask, semantic, model } = stage()
  await ask(QUESTION)
  const streamed = await stream(QUESTION)
  expect([said(await collect(streamed.chunks)), streamed.decision.source]).toEqual([ANSWER, 'exact'])
  await collect((await stream('What does the large plan cost per seat?', { model: 'm' })).chunks)
  await semantic.whenIdle()
  const whole = await ask('What does the large plan cost per seat?', { model: 'm' })
  expect(whole.completion.choices[0]?.message.content).toBe('answer to What does the large plan cost per seat?')
  expect([whole.decision.source, model.asked.length]).toEqual(['exact', 2])
})

test('what a server sends between chunks passes as it is, and is no part of the answer', async () => {
  const cache = createCache({ namespace: 'between' })
  const semantic = createSemanticCache({ cache, partition: 'shared', ttl: '1h', match: { threshold: 0.9 } })
  const [first, ...rest] = streamOf(['can', 'cel it'], null)
  const ping = { id: 'ping-1', object: 'ping' } as unknown as ChatChunk
  const ending = { ...first, choices: [{ index: 0, finish_reason: 'stop' }] } as unknown as ChatChunk
  const sent = [first as ChatChunk, ping, ...rest, ending]
  const request = { model: 'small', temperature: 0, stream: true, messages: [{ role: 'user', content: QUESTION }] }
  const read = () =>
    semantic.askStream(request, async () => {
      return (async function* () {
        yield* sent
      })()
    })
  expect(await collect((await read()).chunks)).toEqual(sent)
  await semantic.whenIdle()
  const again = await read()
  expect([again.decision.source, await collect(again.chunks)]).toEqual(['exact', sent])
  const whole = await semantic.ask(
    { ...request, stream: false },
    (): Promise<ChatCompletion> => Promise.reject(new Error('asked again')),
  )
  expect(whole.completion).toMatchObject({ id: 'chatcmpl-1', object: 'chat.completion' })
  expect(whole.completion.choices[0]?.message.content).toBe('cancel it')
  await semantic.close()
  await cache.close()
})

test('what a stream without its usage has saved is not known, and is not called nothing', async () => {
  const { ask, stream, semantic } = stage()
  await collect((await stream(QUESTION)).chunks)
  await semantic.whenIdle()
  const unknown = await stream(QUESTION)
  await collect(unknown.chunks)
  await ask('What does the large plan cost per seat?')
  const known = await ask('What does the large plan cost per seat?')
  expect([unknown.decision.savedTokens, known.decision.savedTokens]).toEqual([undefined, 12])
  expect(semantic.stats()).toMatchObject({ exact: 2, savedTokens: 12, unmeasured: 1 })
})

test('a stream that means the same is a semantic hit', async () => {
  const { stream, semantic } = stage()
  await collect((await stream(QUESTION)).chunks)
  await semantic.whenIdle()
  const near = await stream('how do i cancel my subscriptions')
  expect([near.decision.source, said(await collect(near.chunks))]).toEqual(['semantic', ANSWER])
})

/** Sends chunks until told to fail or to go on forever. */
async function* source(
  chunks: readonly ChatChunk[],
  end: 'clean' | 'error',
  onReturn: () => void,
): AsyncGenerator<ChatChunk> {
  try {
    yield* chunks
    if (end === 'error') throw new LoadTimeout('upstream', 1)
  } finally {
    onReturn()
  }
}

test('wherever a stream is cut, by its reader, its model or its end, nothing of it is kept; uncut, it comes back byte for byte', async () => {
  const cache = createCache({ namespace: 'fuzz' })
  const semantic = createSemanticCache({ cache, partition: 'shared', ttl: '1h', match: { threshold: 0.9 } })
  let run = 0
  const way = fc.oneof(
    fc.constant({ kind: 'whole' } as const),
    fc.record({ kind: fc.constantFrom('left', 'aborted', 'failed', 'unfinished'), at: fc.nat(14) }),
    fc.record({ kind: fc.constant('finish'), reason: fc.constantFrom('length', 'content_filter', 'tool_calls') }),
  )
  await fc.assert(
    fc.asyncProperty(pieces, way, async (parts, cut) => {
      run += 1
      const request = { model: 'm', messages: [{ role: 'user', content: `question ${run}` }], stream: true }
      const whole = streamOf(parts, cut.kind === 'finish' ? cut.reason : 'stop')
      const at = 'at' in cut ? Math.min(cut.at, whole.length - 1) : whole.length
      let returned = 0
      const upstream =
        cut.kind === 'failed' || cut.kind === 'unfinished'
          ? source(whole.slice(0, at), cut.kind === 'failed' ? 'error' : 'clean', () => (returned += 1))
          : source(whole, 'clean', () => (returned += 1))
      const controller = new AbortController()
      let told = false
      const { chunks } = await semantic.askStream(
        request,
        (_, { signal }) => {
          signal.addEventListener('abort', () => {
            told = true
          })
          return upstream
        },
        { signal: controller.signal },
      )
      const got: ChatChunk[] = []
      const reading = (async () => {
        if (at === 0 && cut.kind === 'left') return void (await chunks.return?.())
        if (at === 0 && cut.kind === 'aborted') controller.abort(new Error('gone'))
        for await (const each of chunks) {
          got.push(each)
          if (cut.kind === 'left' && got.length === at) break
          if (cut.kind === 'aborted' && got.length === at) controller.abort(new Error('gone'))
        }
      })()
      if (cut.kind === 'failed') await expect(reading).rejects.toBeInstanceOf(LoadTimeout)
      else if (cut.kind === 'aborted') await expect(reading).rejects.toThrow('gone')
      else await reading
      await semantic.whenIdle()
      expect(got).toEqual(whole.slice(0, got.length))
      const left = cut.kind === 'left' || cut.kind === 'aborted'
      // A generator that was never begun has no `finally` to run.
      if (left && at > 0) expect([told, returned]).toEqual([true, 1])

      const again = await semantic.askStream(request, () => source(streamOf(['fresh']), 'clean', () => {}))
      const second = await collect(again.chunks)
      await semantic.whenIdle()
      const isKept = cut.kind === 'whole' && parts.join('') !== ''
      expect(again.decision.source).toBe(isKept ? 'exact' : 'model')
      if (isKept) expect(second).toEqual(whole)
      if (isKept) expect(said(second)).toBe(parts.join(''))
    }),
    { numRuns: 400 },
  )
  await semantic.close()
})

test('callers of the same stream read the one that runs, from its beginning', async () => {
  const { stream, model, semantic } = stage()
  const first = await stream(QUESTION)
  const iterator = first.chunks[Symbol.asyncIterator]()
  await iterator.next()
  await iterator.next()
  const second = await stream(QUESTION)
  const joined = await collect(second.chunks)
  expect([said(joined), model.asked.length]).toEqual([ANSWER, 1])
  expect(second.decision).toMatchObject({ source: 'exact', collapsed: true, age: 0 })
  const rest = await collect({ [Symbol.asyncIterator]: () => iterator })
  expect(rest).toEqual(joined.slice(2))
  await semantic.whenIdle()
  expect(semantic.stats()).toMatchObject({ requests: 2, model: 1, exact: 1, collapsed: 1, stored: 1 })
})

test('many who ask for the same stream at once ask the model once', async () => {
  const { stream, model } = stage()
  const all = await Promise.all(Array.from({ length: 20 }, () => stream(QUESTION)))
  const texts = await Promise.all(all.map(async ({ chunks }) => said(await collect(chunks))))
  expect([new Set(texts).size, texts[0], model.asked.length]).toEqual([1, ANSWER, 1])
})

test('whoever wants the answer as a whole waits for the stream that runs, though its reader is slow', async () => {
  const { stream, ask, model } = stage()
  const { chunks } = await stream(QUESTION)
  await chunks.next()
  const whole = await ask(QUESTION)
  expect(whole.completion.choices[0]?.message.content).toBe(ANSWER)
  expect([whole.decision.collapsed, model.asked.length]).toEqual([true, 1])
  expect(said(await collect(chunks))).toBe(ANSWER)
})

test('a reader who leaves takes nothing from the others; when the last one leaves, the model is told', async () => {
  const { stream, model, semantic } = stage()
  const first = await stream(QUESTION)
  await first.chunks.next()
  const second = await stream(QUESTION)
  await second.chunks.next()
  await first.chunks.return?.()
  expect(model.signals[0]?.aborted).toBe(false)
  await second.chunks.next()
  await second.chunks.return?.()
  expect([model.signals[0]?.aborted, model.left]).toEqual([true, 1])
  await semantic.whenIdle()
  expect(semantic.stats()).toMatchObject({ stored: 0, lostStreams: 1 })
  const next = await stream(QUESTION)
  expect([next.decision.source, said(await collect(next.chunks))]).toEqual(['model', ANSWER])
})

test('a reader who leaves before the stream has begun tells the model at once', async () => {
  const { stream, model, semantic } = stage()
  let open: (value?: unknown) => void = () => {}
  model.gate = new Promise((resolve) => {
    open = resolve
  })
  const controller = new AbortController()
  const asked = stream(QUESTION, {}, { signal: controller.signal })
  await expect.poll(() => model.asked.length).toBe(1)
  controller.abort(new Error('gone'))
  await expect(asked).rejects.toThrow('gone')
  expect(model.signals[0]?.aborted).toBe(true)
  open()
  await semantic.whenIdle()
  expect(semantic.stats().stored).toBe(0)
})

test('the model is asked for a chunk when a reader wants one, and for no more', async () => {
  const { stream, model } = stage()
  const { chunks } = await stream(QUESTION)
  expect(model.taken).toBe(0)
  await chunks.next()
  await chunks.next()
  expect(model.taken).toBe(2)
  await chunks.return?.()
})

test('past its bound a stream is forwarded and not recorded; a reader far behind is let go', async () => {
  const { stream, semantic, model } = stage({ recording: { maxBytes: 20_000 } })
  model.answer = () => 'word '.repeat(2_000)
  const first = await stream(QUESTION)
  await first.chunks.next()
  const slow = await stream(QUESTION)
  const near = await stream(QUESTION)
  await slow.chunks.next()
  const texts = await Promise.all([first, near].map(async ({ chunks }) => said(await collect(chunks))))
  expect(texts).toEqual([model.answer(''), model.answer('')])
  await expect(collect(slow.chunks)).rejects.toMatchObject({ code: 'LOST_THREAD', reason: 'lagged' })
  await semantic.whenIdle()
  expect(semantic.stats()).toMatchObject({ stored: 0, lostStreams: 1 })
})

test('who waits for the whole of a stream that outgrows its recording asks the model itself', async () => {
  const { stream, ask, model } = stage({ recording: { maxBytes: 2_000 } })
  model.answer = () => 'word '.repeat(100)
  const { chunks } = await stream(QUESTION)
  await chunks.next()
  const whole = await ask(QUESTION)
  expect([whole.completion.choices[0]?.message.content, whole.decision.source]).toEqual([model.answer(''), 'model'])
  expect(said(await collect(chunks))).toBe(model.answer(''))
})

test('a reader who goes to sleep is not waited for', async () => {
  const clock = new ManualClock()
  const { stream, model, semantic } = stage({ clock, recording: { stallAfter: '5s' } })
  const sleeper = await stream(QUESTION)
  await sleeper.chunks.next()
  clock.advance(5_001)
  await semantic.whenIdle()
  const next = await stream(QUESTION)
  expect([next.decision.source, said(await collect(next.chunks)), model.asked.length]).toEqual(['model', ANSWER, 2])
  expect(said(await collect(sleeper.chunks))).toBe(ANSWER)
})

test('a stream that began before an invalidation is not joined after it, and not kept', async () => {
  const { stream, semantic, model } = stage()
  const old = await stream(QUESTION)
  await old.chunks.next()
  await semantic.invalidateTags(['chat:ada'])
  model.answer = () => 'new answer'
  const asked = stream(QUESTION)
  const before = await collect(old.chunks)
  const after = await collect((await asked).chunks)
  expect([said(before), said(after)]).toEqual([ANSWER, 'new answer'])
  await semantic.whenIdle()
  expect(said(await collect((await stream(QUESTION)).chunks))).toBe('new answer')
})

test('an error before the first chunk reaches everybody who waits, untouched', async () => {
  const { semantic, request } = stage()
  const trouble = new Error('no credit')
  const asked = [1, 2, 3].map(() =>
    semantic.askStream(request(QUESTION, { stream: true }), () => Promise.reject(trouble)),
  )
  for (const each of asked) await expect(each).rejects.toBe(trouble)
})

test('a stored answer is streamed at the pace that was asked for', async () => {
  const clock = new ManualClock()
  const { stream, ask } = stage({ clock, pacing: { chunksPerSecond: 10 } })
  await ask(QUESTION)
  const { chunks } = await stream(QUESTION)
  await chunks.next()
  let second: unknown
  void chunks.next().then((value) => {
    second = value
  })
  await new Promise(setImmediate)
  expect(second).toBeUndefined()
  clock.advance(100)
  await expect.poll(() => second).toBeDefined()
  await chunks.return?.()
})

test('what goes wrong in a shared stream says so', () => {
  expect(new LostThread('lagged').message).toContain('ask again')
})
