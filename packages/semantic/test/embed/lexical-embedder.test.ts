import { describe, expect, test } from 'vitest'
import { lexicalEmbedder } from '../../src/index.ts'
import { embedderContract } from '../contracts/embedder.ts'

describe('the lexical embedder', () => {
  embedderContract(() => lexicalEmbedder(), 'word '.repeat(513))

  test('finds typing errors and inflections nearer than other questions', async () => {
    const near = await similarity('How do I cancel my subscriptions?', 'how do i cancel my subscribtion')
    const far = await similarity('How do I cancel my subscription?', 'How do I pay my invoice?')
    expect(near).toBeGreaterThan(0.6)
    expect(far).toBeLessThan(0.3)
  })

  test('knows no synonyms', async () => {
    expect(await similarity('enable 2FA', 'turn on two-factor authentication')).toBeLessThan(0.3)
  })

  test.each([
    ['dimensions', { dimensions: 10 }],
    ['dimensions', { dimensions: 512.5 }],
    ['maxTokens', { maxTokens: 0 }],
  ])('refuses %s that cannot be used', (option, options) => {
    expect(() => lexicalEmbedder(options)).toThrow(option)
  })
})

async function similarity(one: string, other: string): Promise<number> {
  const [a, b] = await lexicalEmbedder().embed([one, other])
  return (a?.vector ?? new Float32Array()).reduce((sum, value, at) => sum + value * (b?.vector[at] ?? 0), 0)
}
