import { expect, test } from 'vitest'
import type { Embedder } from '../../src/index.ts'

const TEXTS = [
  'How do I reset my password?',
  'What is the capital of France?',
  'Turn on dark mode',
  'Ärger mit 10 € 🙂',
  'a',
]

/** What every embedder must do. Call it inside a `describe`; `truncatedText` is one that the embedder cannot read to its end. */
export function embedderContract(make: () => Promise<Embedder> | Embedder, truncatedText: string): void {
  test('answers in the order of the texts with vectors of length 1', async () => {
    const embedder = await make()
    const found = await embedder.embed(TEXTS)
    expect(found).toHaveLength(TEXTS.length)
    for (const { vector, truncated } of found) {
      expect(vector).toHaveLength(embedder.dimensions)
      expect(Math.hypot(...vector)).toBeCloseTo(1, 3)
      expect(truncated).toBe(false)
    }
  })

  test('gives equal texts equal vectors, alone or in a batch', async () => {
    const embedder = await make()
    const batch = await embedder.embed([...TEXTS, ...TEXTS])
    for (const [at, text] of TEXTS.entries()) {
      const [alone] = await embedder.embed([text])
      expect(cosine(alone?.vector, batch[at]?.vector)).toBeGreaterThan(0.999)
      expect(cosine(batch[at + TEXTS.length]?.vector, batch[at]?.vector)).toBeGreaterThan(0.999)
    }
  })

  test('says when the end of a text was cut off', async () => {
    const embedder = await make()
    const [long, short] = await embedder.embed([truncatedText, 'short'])
    expect([long?.truncated, short?.truncated]).toEqual([true, false])
  })

  test('answers no texts with none', async () => {
    expect(await (await make()).embed([])).toEqual([])
  })

  test('rejects with the reason of a signal that has fired', async () => {
    const embedder = await make()
    const reason = new Error('enough')
    await expect(embedder.embed(TEXTS, AbortSignal.abort(reason))).rejects.toBe(reason)
  })
}

function cosine(a: Float32Array | undefined, b: Float32Array | undefined): number {
  let sum = 0
  for (const [at, value] of (a ?? []).entries()) sum += value * (b?.[at] ?? 0)
  return sum
}
