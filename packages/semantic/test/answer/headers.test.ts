import { describe, expect, test } from 'vitest'
import { cachePolicyOf, cacheStatus, type Decision, decisionHeaders } from '../../src/index.ts'

const EXACT: Decision = {
  source: 'exact',
  id: 'e.1',
  similarity: undefined,
  margin: undefined,
  bound: undefined,
  age: 61_900,
  savedTokens: 12,
  savedCost: undefined,
  collapsed: false,
  refused: 'exact',
}
const SEMANTIC: Decision = { ...EXACT, source: 'semantic', similarity: 0.97123, margin: 0.2, refused: undefined }
const MODEL: Decision = { ...EXACT, source: 'model', age: 0, savedTokens: 0 }

describe('Cache-Status (RFC 9211)', () => {
  test.each<[string, Decision]>([
    ['granary; hit; detail=exact', EXACT],
    ['granary; hit; detail=semantic', SEMANTIC],
    ['granary; fwd=uri-miss; collapsed', { ...EXACT, collapsed: true }],
    ['granary; fwd=uri-miss; detail=unsure', { ...MODEL, refused: 'unsure' }],
    ['granary; fwd=bypass', { ...MODEL, refused: 'bypass' }],
    ['granary; fwd=request', { ...MODEL, refused: 'reload' }],
  ])('%s', (status, decision) => {
    expect(cacheStatus(decision)).toBe(status)
  })
})

test('headers name the answer, its age in seconds and how near it was', () => {
  expect(decisionHeaders(SEMANTIC)).toEqual({
    'Cache-Status': 'granary; hit; detail=semantic',
    'X-Cache': 'SEMANTIC',
    Age: '61',
    'X-Cache-Id': 'e.1',
    'X-Cache-Similarity': '0.9712',
  })
  expect(decisionHeaders({ ...MODEL, refused: 'bypass' })).toMatchObject({ 'X-Cache': 'BYPASS' })
  expect(decisionHeaders({ ...MODEL, refused: 'unsure' })).not.toHaveProperty('Age')
})

test.each([
  [undefined, 'use'],
  [null, 'use'],
  ['max-age=60', 'use'],
  ['No-Store', 'bypass'],
  ['no-cache, no-store', 'bypass'],
  ['max-age=0', 'reload'],
  ['no-cache', 'reload'],
])('Cache-Control: %s is %s', (header, policy) => {
  expect(cachePolicyOf(header)).toBe(policy)
})
