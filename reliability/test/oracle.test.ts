import { expect, test } from 'vitest'
import { Oracle } from '../soak/oracle.ts'
import { Trace } from '../soak/trace.ts'

const oracle = () => new Oracle({ rows: 2, processes: 2, maxStaleness: 1_000 })

test('what a process has invalidated binds its own reads at once, whatever became of it', () => {
  const judge = oracle()
  judge.resolved(0, 1, 3)
  expect(judge.least(0, 1, 10)).toBe(3)
  expect(judge.least(0, 0, 1e9)).toBe(0)
  expect(judge.least(1, 1, 10)).toBe(0)
})

test('what was delivered binds every process, but not before maxStaleness and the grace of a busy machine', () => {
  const judge = oracle()
  judge.delivered(0, 3, 100)
  expect(judge.least(0, 0, 1_599)).toBe(0)
  expect(judge.least(0, 0, 1_600)).toBe(3)
  expect(judge.least(0, 1, 1_600)).toBe(3)
})

test('of those that follow each other quickly one is kept in mind at a time, and none is forgotten that was', () => {
  const judge = oracle()
  for (let version = 1; version <= 10; version++) judge.delivered(0, version, 100 * version)
  expect(judge.least(0, 0, 1_600)).toBe(1)
  judge.delivered(0, 11, 1_700)
  expect(judge.least(0, 0, 3_200)).toBe(11)
})

test('a trace keeps the last events of each row, in the order in which they came, with the news between them', () => {
  const trace = new Trace(2)
  for (let version = 0; version < 100; version++) trace.note(0, 1, 'loads', version)
  trace.tell('garbage begins')
  trace.note(0, 0, 'is given', 99)
  trace.note(1, 0, 'deletes', 7)
  const lines = trace.of(0)
  expect(lines).toHaveLength(65)
  expect(lines[0]).toMatch(/process 1: loads 37$/)
  expect(lines.at(-2)).toMatch(/garbage begins$/)
  expect(lines.at(-1)).toMatch(/process 0: is given 99$/)
  expect(trace.of(1).some((line) => /process 0: deletes 7$/.test(line))).toBe(true)
})
