import { describe, expect, test } from 'vitest'
import { type FeatureExtraction, transformersEmbedder } from '../../src/index.ts'
import { embedderContract } from '../contracts/embedder.ts'

const DIMENSIONS = 32

/** A pipeline of the library's shape: words are tokens, and vectors count the letters. */
const counting: FeatureExtraction = Object.assign(
  async (texts: string[]) => {
    const data = new Float32Array(texts.length * DIMENSIONS)
    for (const [row, text] of texts.entries())
      for (const letter of text) {
        const at = row * DIMENSIONS + ((letter.codePointAt(0) ?? 0) % DIMENSIONS)
        data[at] = (data[at] as number) + 1
      }
    return { data, dims: [texts.length, DIMENSIONS] }
  },
  { tokenizer: (text: string) => ({ input_ids: { dims: [1, text.split(' ').length] } }) },
)

describe('a model of transformers.js', () => {
  const options = { model: 'some/folder/of-a-model', dimensions: DIMENSIONS, maxTokens: 10, pipeline: counting }

  embedderContract(() => transformersEmbedder(options), 'many words '.repeat(20))

  test('is another embedder with another prefix, pooling or model', () => {
    const ids = [
      options,
      { ...options, prefix: 'query: ' },
      { ...options, pooling: 'cls' as const },
      { ...options, model: 'b' },
    ]
    expect(new Set(ids.map((each) => transformersEmbedder(each).id)).size).toBe(4)
  })

  test('that answers with other dimensions is unavailable, and says so', async () => {
    const embedder = transformersEmbedder({ ...options, dimensions: 64 })
    await expect(embedder.embed(['a'])).rejects.toThrow('a tensor of 1 x 32, not 1 x 64')
  })

  test('without the library is unavailable, and says what to install', async () => {
    const embedder = transformersEmbedder({ model: 'x', dimensions: 64, maxTokens: 10 })
    await expect(embedder.embed(['a'])).rejects.toThrow('npm i @huggingface/transformers')
  })

  test.each([
    [{ model: '' }, /model: '' is not allowed/],
    [{ dimensions: 0 }, /dimensions: 0 is not allowed; it is a whole number from 1 to 16,384/],
    [{ maxTokens: 0.5 }, /maxTokens: 0.5 is not allowed/],
  ])('%o is refused', (given, message) => {
    expect(() => transformersEmbedder({ ...options, ...given })).toThrow(message)
  })
})
