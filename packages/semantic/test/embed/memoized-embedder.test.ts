import { describe, expect, test } from 'vitest'
import { type Embedder, lexicalEmbedder, memoizedEmbedder } from '../../src/index.ts'
import { embedderContract } from '../contracts/embedder.ts'

/** The lexical embedder, counting what it is asked, and answering when told to. */
function watched(): { embedder: Embedder; asked: string[][]; hold: () => () => void; fail: (error?: Error) => void } {
  const inner = lexicalEmbedder()
  const asked: string[][] = []
  let gate: Promise<void> = Promise.resolve()
  let failure: Error | undefined
  return {
    asked,
    embedder: {
      ...inner,
      async embed(texts, signal) {
        asked.push([...texts])
        await gate
        if (failure !== undefined) throw failure
        return inner.embed(texts, signal)
      },
    },
    hold() {
      let open = () => {}
      gate = new Promise((resolve) => {
        open = resolve
      })
      return open
    },
    fail(error) {
      failure = error
    },
  }
}

describe('an embedder that remembers', () => {
  embedderContract(() => memoizedEmbedder(lexicalEmbedder()), 'word '.repeat(600))

  test('embeds equal texts once: within a call, at the same time, and later', async () => {
    const { embedder, asked, hold } = watched()
    const remembering = memoizedEmbedder(embedder)
    const open = hold()
    const calls = [remembering.embed(['a', 'b', 'a']), remembering.embed(['b', 'c'])]
    open()
    const [first, second] = await Promise.all(calls)
    expect(first?.[1]).toBe(second?.[0])
    await remembering.embed(['c', 'a'])
    expect(asked).toEqual([['a', 'b'], ['c']])
  })

  test('forgets what was used longest ago', async () => {
    const { embedder, asked } = watched()
    const remembering = memoizedEmbedder(embedder, { maxEntries: 2 })
    for (const text of ['a', 'b', 'a', 'c', 'a', 'b']) await remembering.embed([text])
    expect(asked.flat()).toEqual(['a', 'b', 'c', 'b'])
  })

  test('does not remember failures', async () => {
    const { embedder, asked, fail } = watched()
    const remembering = memoizedEmbedder(embedder)
    fail(new Error('down'))
    await expect(remembering.embed(['a'])).rejects.toThrow('down')
    fail()
    await remembering.embed(['a'])
    expect(asked).toEqual([['a'], ['a']])
  })

  test('lets one caller leave without the others, and asks anew for whoever comes after one that never ended', async () => {
    const { embedder, asked, hold } = watched()
    const remembering = memoizedEmbedder(embedder)
    const open = hold()
    const leaving = new AbortController()
    const staying = remembering.embed(['a'])
    const left = remembering.embed(['a'], leaving.signal)
    leaving.abort(new Error('enough'))
    await expect(left).rejects.toThrow('enough')
    const next = remembering.embed(['a'])
    open()
    expect(await staying).toHaveLength(1)
    expect(await next).toHaveLength(1)
    expect(asked).toEqual([['a'], ['a']])
  })

  test('refuses a bound that is none', () => {
    expect(() => memoizedEmbedder(lexicalEmbedder(), { maxEntries: 0 })).toThrow('maxEntries: 0 is not allowed')
  })
})
