import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/**
 * The twelve laws of the limiter stand in docs/concepts/rate-limiting.md. The tests that hold them bear their numbers:
 * `npx vitest run packages/rate-limit -t "law 5"`.
 */
const LAWS = Array.from({ length: 12 }, (_, index) => index + 1)
const HERE = fileURLToPath(new URL('.', import.meta.url))

test('every law has a test that bears its number', () => {
  const files = readdirSync(HERE, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'))
  const titles = files.flatMap((file) => [...readFileSync(HERE + file, 'utf8').matchAll(/\(laws? ([\d, and]+)\)/g)])
  const numbers = new Set(titles.flatMap(([, list = '']) => list.match(/\d+/g) ?? []).map(Number))
  expect(LAWS.filter((law) => !numbers.has(law))).toEqual([])
})
