import { createCache } from '@granary/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ChatRequest, createSemanticCache, type Judge, memoryIndex, type VectorIndex } from '../../src/index.ts'

const TENANTS = ['ada', 'grace', 'shared', 'of(ada)', '1', 1, 'a}b{c']
const pick = <T>(values: readonly T[]) => fc.constantFrom(...values)

/** Requests that ask the same, or nearly, in ways that must not be mixed. */
const requests = fc.record({
  tenant: pick(TENANTS),
  text: pick([
    'How do I cancel my subscription?',
    'how do i cancel my subscriptions',
    'How do I cancel a subscription',
  ]),
  model: pick(['small', 'large']),
  system: pick([undefined, 'Be brief', 'Be long']),
  tools: pick([undefined, [{ type: 'function', function: { name: 'f' } }]]),
  format: pick([undefined, { type: 'json_object' }]),
  seed: pick([undefined, 1]),
  earlier: pick([undefined, 'I have the small plan', 'I have the large plan']),
})

type Wanted = typeof requests extends fc.Arbitrary<infer T> ? T : never

function requestOf({ tenant, text, model, system, tools, format, seed, earlier }: Wanted): ChatRequest {
  return {
    model,
    temperature: 0,
    user: tenant,
    ...(tools === undefined ? {} : { tools }),
    ...(format === undefined ? {} : { response_format: format }),
    ...(seed === undefined ? {} : { seed }),
    messages: [
      ...(system === undefined ? [] : [{ role: 'system', content: system }]),
      ...(earlier === undefined
        ? []
        : [
            { role: 'user', content: earlier },
            { role: 'assistant', content: 'Noted.' },
          ]),
      { role: 'user', content: text },
    ],
  }
}

/** Everything about a request that must be equal for its answer to be reused. */
function scopeOf({ text: _, tenant, ...wanted }: Wanted): string {
  return JSON.stringify([typeof tenant, tenant, Object.entries(wanted).filter(([, value]) => value !== undefined)])
}

/** Serves whatever is nearest. */
const serveAll: Judge = {
  id: 'serve-all',
  judge: ({ neighbours: [entry], group, scope }) => {
    const evidence = { similarity: entry?.similarity ?? 0, margin: 0, score: 1, bound: undefined }
    if (entry === undefined)
      return { action: 'ask', reason: 'no-neighbour', entry, evidence, trial: undefined, compare: [] }
    const { id, answer } = entry
    const trial = { group, scope, entry: id, answer, features: [], score: 1, stance: 'served' as const, propensity: 1 }
    return { action: 'serve', entry, evidence, trial }
  },
  learn() {},
}

/** An index with a bug: it finds the entries of every scope. */
function leakyIndex(): VectorIndex {
  const index = memoryIndex()
  return {
    add: (_, entry, ttl) => index.add('all', entry, ttl),
    search: (_, vector, limit) => index.search('all', vector, limit),
    relink: (_, id, answer) => index.relink('all', id, answer),
    // What it found in the wrong place it does not lose either.
    delete: async () => {},
    deleteTagged: (tag) => index.deleteTagged(tag),
    close: () => index.close(),
  }
}

interface Found {
  hits: number
  semantic: number
  /** Answers of another scope. */
  crossed: number
  /** Entries that were found and not served. */
  refused: number
}

async function crossHits(index: VectorIndex, count: number): Promise<Found> {
  const semantic = createSemanticCache({
    cache: createCache({ namespace: 'partition', memory: { maxEntries: 1_000_000 } }),
    partition: (request) => request['user'] as string | number,
    ttl: '1h',
    match: serveAll,
    index,
  })
  const found = { hits: 0, semantic: 0, crossed: 0, refused: 0 }
  semantic.on('entry-dropped', () => {
    found.refused += 1
  })
  for (const wanted of fc.sample(requests, { numRuns: count, seed: 7 })) {
    const scope = scopeOf(wanted)
    const complete = async () => ({ choices: [{ message: { content: scope } }] })
    const { completion, decision } = await semantic.ask(requestOf(wanted), complete)
    if (decision.source !== 'model') found.hits += 1
    if (decision.source === 'semantic') found.semantic += 1
    if (completion.choices[0]?.message.content !== scope) found.crossed += 1
  }
  await semantic.close()
  return found
}

test('of a hundred thousand requests with equal texts, none is answered from another scope', async () => {
  const { hits, semantic, crossed } = await crossHits(memoryIndex(), 100_000)
  expect(crossed).toBe(0)
  expect(hits).toBeGreaterThan(90_000)
  expect(semantic).toBeGreaterThan(500)
}, 300_000)

test('an index that mixes scopes costs hits, and mixes no answers', async () => {
  const { crossed, refused } = await crossHits(leakyIndex(), 1_500)
  expect(crossed).toBe(0)
  expect(refused).toBeGreaterThan(1_000)
}, 120_000)
