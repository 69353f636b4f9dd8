import { expect, test } from 'vitest'
import type { NewIndexEntry, VectorIndex } from '../../src/index.ts'

/** An index under test. */
export interface IndexStage {
  readonly index: VectorIndex
  /** Resolves when what was written is visible to `index`, at once for an index in the process. */
  settle(): Promise<void>
  /** Lets this many milliseconds pass for the index. */
  pass(milliseconds: number): Promise<void>
  close(): Promise<void>
}

const LONG = 60_000
/** A short life, in milliseconds. */
const LIFE = 600

/** What every index must do. Call it inside a `describe`. Vectors have 16 dimensions. */
export function vectorIndexContract(make: () => Promise<IndexStage> | IndexStage): void {
  /** Runs `story` on a new stage. */
  const on = (story: (stage: IndexStage) => Promise<void>) => async () => {
    const stage = await make()
    await story(stage).finally(() => stage.close())
  }
  const ids = async ({ index, settle }: IndexStage, scope: string, angle = 0, limit = 10) => {
    await settle()
    return (await index.search(scope, at(angle), limit)).map(({ id }) => id)
  }

  test(
    'finds the nearest first, with their cosines, and no more than asked for',
    on(async (stage) => {
      for (const angle of [40, 10, 70, 25]) await stage.index.add('scope', entry(`e${angle}`, angle), LONG)
      expect(await ids(stage, 'scope', 0, 3)).toEqual(['e10', 'e25', 'e40'])
      const [nearest] = await stage.index.search('scope', at(0), 1)
      expect(nearest?.similarity).toBeCloseTo(Math.cos(Math.PI / 18), 2)
      expect(nearest).toMatchObject({
        id: 'e10',
        text: 'text of e10',
        answer: 'answer of e10',
        tags: ['all', 'tag:e10'],
      })
    }),
  )

  test(
    'never finds an entry of another scope',
    on(async (stage) => {
      await stage.index.add('one', entry('mine', 0), LONG)
      expect(await ids(stage, 'two')).toEqual([])
      await stage.index.add('two', entry('mine', 0), LONG)
      await stage.index.delete('one', 'mine')
      expect([await ids(stage, 'one'), await ids(stage, 'two')]).toEqual([[], ['mine']])
    }),
  )

  test(
    'replaces an entry that is added again',
    on(async (stage) => {
      await stage.index.add('scope', entry('same', 0), LONG)
      await stage.index.add('scope', { ...entry('same', 80), text: 'newer' }, LONG)
      await stage.settle()
      const found = await stage.index.search('scope', at(80), 10)
      expect(found.map(({ id, text }) => [id, text])).toEqual([['same', 'newer']])
      expect(found[0]?.similarity).toBeGreaterThan(0.99)
    }),
  )

  test(
    'gives an entry another answer id, and nothing to one that is not there',
    on(async (stage) => {
      await stage.index.add('scope', entry('one', 0), LONG)
      await stage.settle()
      await stage.index.relink('scope', 'one', 'other')
      await stage.index.relink('scope', 'nobody', 'other')
      await stage.settle()
      expect((await stage.index.search('scope', at(0), 10)).map(({ id, answer }) => [id, answer])).toEqual([
        ['one', 'other'],
      ])
    }),
  )

  test(
    'forgets what is deleted, alone or by its tag in every scope',
    on(async (stage) => {
      for (const scope of ['one', 'two']) {
        for (const id of ['a', 'b', 'c']) await stage.index.add(scope, entry(id, 0), LONG)
      }
      await stage.settle()
      await stage.index.delete('one', 'a')
      await stage.index.delete('one', 'nobody')
      await stage.index.deleteTagged('tag:b')
      expect([await ids(stage, 'one'), await ids(stage, 'two')]).toEqual([['c'], ['a', 'c']])
      await stage.index.deleteTagged('all')
      expect([await ids(stage, 'one'), await ids(stage, 'two')]).toEqual([[], []])
    }),
  )

  test(
    'never shows an entry after its time, however often it was found',
    on(async (stage) => {
      const started = performance.now()
      await stage.index.add('scope', entry('long', 10), LONG)
      await stage.index.add('scope', entry('short', 0), LIFE)
      await stage.index.search('scope', at(0), 10)
      await stage.pass(LIFE / 2)
      const found = await ids(stage, 'scope')
      // On a machine that is so busy that the entry may have ended by now, nothing is to be said of it.
      if (performance.now() - started < LIFE) expect(found).toEqual(['short', 'long'])
      await stage.pass(LIFE)
      expect(await ids(stage, 'scope')).toEqual(['long'])
    }),
  )

  test(
    'rejects with the reason of a signal that has fired',
    on(async ({ index }) => {
      const reason = new Error('enough')
      await expect(index.search('scope', at(0), 1, AbortSignal.abort(reason))).rejects.toBe(reason)
      await expect(index.add('scope', entry('late', 0), LONG, AbortSignal.abort(reason))).rejects.toBe(reason)
    }),
  )
}

function entry(id: string, angle: number): NewIndexEntry {
  return { id, text: `text of ${id}`, answer: `answer of ${id}`, tags: ['all', `tag:${id}`], vector: at(angle) }
}

/** A vector in a plane, so many degrees from the first one. */
function at(angle: number): Float32Array {
  const vector = new Float32Array(16)
  vector[0] = Math.cos((angle * Math.PI) / 180)
  vector[7] = Math.sin((angle * Math.PI) / 180)
  return vector
}
