import { createCache } from '@granary/core'
import { expect, test } from 'vitest'
import type { Embedder } from '../../src/index.ts'
import { lexicalEmbedder } from '../../src/index.ts'
import { stage } from '../stage.ts'

const QUESTION = 'How do I cancel my subscription?'

/** An embedder that counts. */
function counting(): Embedder & { calls: number } {
  const inner = lexicalEmbedder()
  return {
    ...inner,
    calls: 0,
    embed(texts, signal) {
      this.calls += 1
      return inner.embed(texts, signal)
    },
  }
}

function latch(): { readonly wait: Promise<unknown>; open: () => void } {
  let open = () => {}
  const wait = new Promise<void>((resolve) => {
    open = resolve
  })
  return { wait, open }
}

test('callers of the same request look once and ask the model once', async () => {
  const embedder = counting()
  const { semantic, request, model } = stage({ embedder })
  const all = await Promise.all(Array.from({ length: 50 }, () => semantic.ask(request(QUESTION), model.complete)))
  expect([model.asked.length, embedder.calls]).toEqual([1, 1])
  expect(all.filter(({ decision }) => decision.source === 'model')).toHaveLength(1)
  expect(all.filter(({ decision }) => decision.collapsed && decision.savedTokens === 12)).toHaveLength(49)
})

test('a caller who leaves does not take the answer from the others', async () => {
  const { semantic, request, model } = stage()
  const { wait, open } = latch()
  model.gate = wait
  const controller = new AbortController()
  const first = semantic.ask(request(QUESTION), model.complete, { signal: controller.signal })
  const second = semantic.ask(request(QUESTION), model.complete)
  await expect.poll(() => model.asked.length).toBe(1)
  controller.abort(new Error('gone'))
  await expect(first).rejects.toThrow('gone')
  expect(model.signals[0]?.aborted).toBe(false)
  open()
  expect((await second).completion.choices[0]?.message.content).toBe(`answer to ${QUESTION}`)
})

test('when the last caller leaves the model is told, and the next one asks anew', async () => {
  const { semantic, request, model } = stage()
  const { wait, open } = latch()
  model.gate = wait
  const controller = new AbortController()
  const first = semantic.ask(request(QUESTION), model.complete, { signal: controller.signal })
  await expect.poll(() => model.asked.length).toBe(1)
  controller.abort(new Error('gone'))
  await expect(first).rejects.toThrow('gone')
  expect(model.signals[0]?.aborted).toBe(true)
  // The abandoned call has not ended yet when the next caller comes: it joins, and is not harmed by it.
  const second = semantic.ask(request(QUESTION), model.complete)
  open()
  expect((await second).completion.choices[0]?.message.content).toBe(`answer to ${QUESTION}`)
  expect(model.asked).toHaveLength(2)
})

test('a caller who left before asking asks nobody', async () => {
  const { semantic, request, model } = stage()
  const signal = AbortSignal.abort(new Error('gone'))
  await expect(semantic.ask(request(QUESTION), model.complete, { signal })).rejects.toThrow('gone')
  expect(model.asked).toEqual([])
})

test('a call that bypasses the cache neither reads nor stores; one that reloads replaces what is stored', async () => {
  const { ask, model } = stage()
  await ask(QUESTION)
  model.answer = () => 'newer'
  const bypassed = await ask(QUESTION, {}, { policy: 'bypass' })
  expect([bypassed.decision.refused, bypassed.completion.choices[0]?.message.content]).toEqual(['bypass', 'newer'])
  expect((await ask(QUESTION)).completion.choices[0]?.message.content).toBe(`answer to ${QUESTION}`)
  const reloaded = await ask(QUESTION, {}, { policy: 'reload' })
  expect([reloaded.decision.source, reloaded.decision.refused]).toEqual(['model', 'reload'])
  const after = await ask(QUESTION)
  expect([after.decision.source, after.completion.choices[0]?.message.content]).toEqual(['exact', 'newer'])
})

test('an answer may be changed by whoever got it, and nobody else sees that', async () => {
  const { ask } = stage({ cache: createCache({ namespace: 'own' }) })
  const first = await ask(QUESTION)
  const message = first.completion.choices[0]?.message as { content: string }
  message.content = 'changed'
  expect((await ask(QUESTION)).completion.choices[0]?.message.content).toBe(`answer to ${QUESTION}`)
})
