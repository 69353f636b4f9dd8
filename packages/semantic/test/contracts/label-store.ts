import { expect, test } from 'vitest'
import type { Label, LabelStore } from '../../src/index.ts'

/** What every label store must do. Call it inside a `describe`; the store made is empty and keeps at least 100 labels. */
export function labelStoreContract(make: () => Promise<LabelStore> | LabelStore): void {
  const on = (story: (store: LabelStore) => Promise<void>) => async () => {
    const store = await make()
    await story(store).finally(() => store.close())
  }

  test(
    'gives labels back as they went in, in their order, page by page',
    on(async (store) => {
      const labels = Array.from({ length: 25 }, (_, at) => label(at))
      await store.append('judge', labels.slice(0, 10))
      await store.append('judge', labels.slice(10))
      const found: Label[] = []
      let cursor: string | undefined
      for (let page = await store.read('judge', cursor, 7); page.labels.length > 0; ) {
        expect(page.labels.length).toBeLessThanOrEqual(7)
        found.push(...page.labels)
        cursor = page.cursor
        page = await store.read('judge', cursor, 7)
      }
      expect(found).toEqual(labels)
    }),
  )

  test(
    'goes on where a reader left off when there is more',
    on(async (store) => {
      await store.append('judge', [label(0)])
      const first = await store.read('judge', undefined, 10)
      expect(await store.read('judge', first.cursor, 10)).toEqual({ labels: [], cursor: first.cursor })
      await store.append('judge', [label(1)])
      expect((await store.read('judge', first.cursor, 10)).labels).toEqual([label(1)])
    }),
  )

  test(
    'keeps the logs of judges apart',
    on(async (store) => {
      await store.append('one', [label(1)])
      await store.append('two', [label(2)])
      expect((await store.read('one', undefined, 10)).labels).toEqual([label(1)])
      expect((await store.read('three', undefined, 10)).labels).toEqual([])
    }),
  )
}

function label(at: number): Label {
  return {
    trial: {
      group: 'group',
      scope: `scope ${at}`,
      entry: `entry ${at}`,
      answer: 'answer',
      features: [0.5, -1.25, at],
      score: 0.75,
      stance: 'explored',
      propensity: 0.1,
    },
    correct: at % 3 === 0,
    source: 'comparison',
  }
}
