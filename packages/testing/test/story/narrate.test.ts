import { expect, test } from 'vitest'
import { narrate } from '../../src/index.ts'

const events = [
  { type: 'entry-missed', name: 'user', key: 'app:user:0:7', tier: undefined },
  { type: 'load-started', name: 'user', reason: 'miss' },
  { type: 'load-failed', name: 'user', cause: new TypeError('no "rows"'), duration: 3.25 },
  { type: 'advice-given', advice: 'set a pepper', negative: false, targets: { tags: 1, keys: 0, names: ['a', 'b'] } },
]

test('events become a numbered story, their fields in order and undefined ones untold', () => {
  expect(narrate(events)).toMatchInlineSnapshot(`
    "1. entry-missed key=app:user:0:7 name=user
    2. load-started name=user reason=miss
    3. load-failed cause=TypeError("no \\"rows\\"") duration=3.25 name=user
    4. advice-given advice="set a pepper" negative=false targets={ keys: 0, names: [ 'a', 'b' ], tags: 1 }"
  `)
})

test('types and fields can be left out; numbers stay in line', () => {
  expect(narrate(events, { except: ['advice-given'], without: ['key', 'duration'] })).toMatchInlineSnapshot(`
    "1. entry-missed name=user
    2. load-started name=user reason=miss
    3. load-failed cause=TypeError("no \\"rows\\"") name=user"
  `)
  expect(narrate(events, { only: ['load-started'] })).toBe('1. load-started name=user reason=miss')
  const many = narrate(Array.from({ length: 10 }, () => ({ type: 'entry-hit' }))).split('\n')
  expect([many[0], many[9]]).toEqual([' 1. entry-hit', '10. entry-hit'])
})

test('one story does not depend on the order in which fields or map-like values were written', () => {
  expect(narrate([{ type: 'a', ...{ x: { p: 1, q: 2 }, y: 1 } }])).toBe(
    narrate([{ type: 'a', ...{ y: 1, x: { q: 2, p: 1 } } }]),
  )
})

test('no event is an empty story, and any iterable tells', () => {
  expect(narrate([])).toBe('')
  expect(narrate(new Set([{ type: 'entry-hit' }]))).toBe('1. entry-hit')
})
