import { createCache } from '@granary/core'
import { startRedis } from '@granary/testing'
import { expect, onTestFinished, test } from 'vitest'
import { createSemanticCache, memoryIndex, thresholdJudge, type VectorIndex } from '../../src/index.ts'
import { stage } from '../stage.ts'

const QUESTION = 'How do I cancel my subscription?'
const NEAR = 'how do i cancel my subscriptions'
const NEARER = 'how do i cancel my subscription'

test('a bad report of a semantic hit parts the two requests, teaches the judge, and leaves the entry to others', async () => {
  const learned: boolean[] = []
  const judge = { ...thresholdJudge(0.6), learn: ({ correct }: { correct: boolean }) => learned.push(correct) }
  const { ask, semantic } = stage({ match: judge })
  await ask(QUESTION)
  const { decision } = await ask(NEAR)
  expect(await semantic.feedback(decision.id, 'bad')).toEqual({ known: true, dropped: false })
  expect(learned).toEqual([false])
  expect((await semantic.explain(stageRequest(NEAR))).refused).toBe('reported')
  expect((await ask(NEARER)).decision.source).toBe('semantic')
  expect((await ask(NEAR)).decision).toMatchObject({ source: 'model', refused: 'reported' })
  expect(semantic.stats().feedback).toEqual({ good: 0, bad: 1 })
})

test('so many bad reports drop the entry; the same one twice counts once', async () => {
  const { ask, semantic } = stage({ feedback: { dropAfter: 2 } })
  await ask(QUESTION)
  const near = await ask(NEAR)
  const exact = await ask(QUESTION)
  expect(await semantic.feedback(near.decision.id, 'bad')).toMatchObject({ dropped: false })
  expect(await semantic.feedback(near.decision.id, 'bad')).toMatchObject({ dropped: false })
  expect(await semantic.feedback(exact.decision.id, 'bad')).toMatchObject({ dropped: true })
  expect((await semantic.explain(stageRequest(QUESTION))).neighbours).toEqual([])
  expect((await ask(QUESTION)).decision.source).toBe('model')
})

test('a good report teaches the judge and changes nothing else', async () => {
  const learned: boolean[] = []
  const judge = { ...thresholdJudge(0.6), learn: ({ correct }: { correct: boolean }) => learned.push(correct) }
  const { ask, semantic } = stage({ match: judge })
  await ask(QUESTION)
  const { decision } = await ask(NEAR)
  expect(await semantic.feedback(decision.id, 'good')).toEqual({ known: true, dropped: false })
  expect([learned, (await ask(NEAR)).decision.source]).toEqual([[true], 'semantic'])
})

test.each(['', 'nonsense', 'h.AAAAAAAAAAAAAAAAAAAAAA', 'e.short.x'])(
  'an id that names nothing is not known: %j',
  async (id) => {
    expect(await stage().semantic.feedback(id, 'bad')).toEqual({ known: false, dropped: false })
  },
)

test('feedback works in all processes', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const index = memoryIndex()
  const shared: VectorIndex = { ...bound(index), close: async () => {} }
  const processes = [0, 1].map(() => {
    const cache = createCache({ namespace: 'feedback', redis: redis.url })
    onTestFinished(() => cache.close())
    const semantic = createSemanticCache({
      cache,
      partition: 'shared',
      ttl: '1h',
      match: { threshold: 0.6 },
      index: shared,
    })
    const ask = async (content: string) => {
      const request = { model: 'm', temperature: 0, messages: [{ role: 'user', content }] }
      const complete = async () => ({ choices: [{ message: { content: `answer to ${content}` } }] })
      const { decision } = await semantic.ask(request, complete)
      await semantic.whenIdle()
      await cache.drain()
      return decision
    }
    return { semantic, ask }
  })
  const [one, other] = processes as [(typeof processes)[0], (typeof processes)[0]]
  await one.ask(QUESTION)
  const [here, there] = [await one.ask(NEAR), await other.ask(NEAR)]
  expect([here.source, there.source]).toEqual(['semantic', 'semantic'])
  expect(await other.semantic.feedback(here.id, 'bad')).toEqual({ known: true, dropped: false })
  expect(await one.ask(NEAR)).toMatchObject({ source: 'model', refused: 'reported' })
  // The second report drops the entry, which the first process has in its memory.
  const exact = await one.ask(QUESTION)
  expect(exact.source).toBe('exact')
  expect(await other.semantic.feedback(exact.id, 'bad')).toEqual({ known: true, dropped: true })
  await expect
    .poll(
      async () =>
        (
          await one.semantic.explain({
            model: 'm',
            temperature: 0,
            messages: [{ role: 'user', content: QUESTION }],
          } as never)
        ).source,
      { timeout: 1_500 },
    )
    .not.toBe('exact')
})

function stageRequest(content: string): never {
  return { model: 'small', temperature: 0, user: 'ada', messages: [{ role: 'user', content }] } as never
}

function bound(index: VectorIndex): VectorIndex {
  return {
    add: (...args) => index.add(...args),
    search: (...args) => index.search(...args),
    relink: (...args) => index.relink(...args),
    delete: (...args) => index.delete(...args),
    deleteTagged: (...args) => index.deleteTagged(...args),
    close: () => index.close(),
  }
}
