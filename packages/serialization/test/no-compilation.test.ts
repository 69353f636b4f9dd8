import { expect, test } from 'vitest'
import { createCodec } from '../src/index.ts'

test('where a process forbids making functions from text, records are built without', () => {
  const original = globalThis.Function
  let refused = 0
  globalThis.Function = class {
    constructor() {
      refused++
      throw new EvalError('Code generation from strings disallowed for this context')
    }
  } as unknown as FunctionConstructor
  try {
    const codec = createCodec()
    const rows = Array.from({ length: 100 }, (_, id) => ({ id, name: `row ${id}`, inner: { id } }))
    expect(codec.decode(codec.encode(rows))).toEqual(rows)
    expect(refused, 'one refusal is enough to stop asking').toBe(1)
  } finally {
    globalThis.Function = original
  }
})
