import { expect, test } from 'vitest'
import type { ChatRequest } from '../../src/index.ts'
import { partitionText } from '../../src/request/partition.ts'

const REQUEST: ChatRequest = { model: 'small', messages: [] }

test.each([undefined, null, '', Number.NaN])(
  'a partition that names nobody, as %j does, would mix tenants and is refused',
  (part) => {
    expect(() => partitionText((() => part) as never, REQUEST)).toThrow('partition')
  },
)

test('tenants that look alike are apart', () => {
  const texts = [0, '0', 1, '1', 1n, true, 'true', 'shared'].map((part) =>
    partitionText((() => part) as never, REQUEST),
  )
  expect(new Set([...texts, partitionText('shared', REQUEST)]).size).toBe(9)
})
