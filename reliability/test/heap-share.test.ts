import { expect, test } from 'vitest'
import { countHeap, sharesOf } from '../soak/heap-share.ts'

const head = (fields: readonly string[]) => ({
  meta: { node_fields: fields, node_types: [['hidden', 'object', 'native', 'code'], 'string', 'number'] },
})

test('the bytes of a snapshot are shared out between program and engine; what is outside the heap is neither', () => {
  const snapshot = `{"snapshot":${JSON.stringify(head(['type', 'name', 'self_size']))},\n"nodes":[0,1,7\n,1,2,100\n,2,3,5000\n,3,4,30\n,1,5,20],\n"edges":[1,2,3],"strings":["[9,9,9"]}`
  expect(sharesOf(Buffer.from(snapshot))).toEqual({ program: 120, engine: 37 })
})

test('a snapshot that was cut off is refused', () => {
  const snapshot = `{"snapshot":${JSON.stringify(head(['type', 'name', 'self_size']))},\n"nodes":[0,1,7\n,1,2,10`
  expect(() => sharesOf(Buffer.from(snapshot))).toThrow('ends within its nodes')
})

test('what a program keeps is counted, and is gone from the count when it lets go', async () => {
  const before = await countHeap()
  let kept: object[] | undefined = Array.from({ length: 50_000 }, (_, at) => ({ at, text: `row ${at} of many` }))
  const during = await countHeap()
  // An object of two fields is 40 bytes with its header, its text 32, its place in the list 8.
  expect(during.program - before.program).toBeGreaterThan(50_000 * 80 * 0.9)
  expect(during.program - before.program).toBeLessThan(50_000 * 80 * 1.5)
  expect(kept).toHaveLength(50_000)
  kept = undefined
  const after = await countHeap()
  expect(after.program - before.program).toBeLessThan(50_000 * 8)
})
