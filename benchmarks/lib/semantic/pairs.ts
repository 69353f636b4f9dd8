import type { Judge } from '@granary/semantic'
import { minimalPairs } from '@granary/semantic/minimal-pairs'
import type { Dataset } from './datasets.ts'
import { DIMENSIONS, embedAll } from './embeddings.ts'
import { allCosines, draw } from './labelled-set.ts'
import { replay, type Stream, seeded } from './replay.ts'

/** What became of the minimal pairs. */
export interface PairOutcome {
  readonly pairs: number
  /** Questions of the suite that were answered with the answer of another one of the suite. */
  readonly falseHits: number
  /** Questions of the suite that were answered from the warmed entries, whose data set calls an intent what the suite tells apart. */
  readonly fromWarmed: number
  readonly twins: number
  readonly twinHits: number
  /** Hits while warming, to see that the judge serves at all. */
  readonly warmHits: number
}

/** Labelled queries before the first pair. */
const WARMING = 3_000

/** The queries that warm a judge, and behind them each pair: the original, its twins, and what is not the same; an answer is named by its question. */
export async function pairStream(dataset: Dataset, folder: string): Promise<Stream> {
  const warm = draw(dataset.read(folder), WARMING).map(({ text, intent }) => ({ text, answer: `intent ${intent}` }))
  const pairs = minimalPairs().flatMap(({ original, twins, changed }) => [
    { text: original, answer: original },
    ...twins.map((text) => ({ text, answer: original })),
    { text: changed, answer: changed },
  ])
  const all = [...warm, ...pairs]
  const vectors = await Promise.all(
    [warm, pairs].map((part) =>
      embedAll(
        part.map(({ text }) => text),
        () => {},
      ),
    ),
  )
  const both = new Float32Array(all.length * DIMENSIONS)
  both.set(vectors[0] as Float32Array)
  both.set(vectors[1] as Float32Array, warm.length * DIMENSIONS)
  const cosines = allCosines(both, all.length)
  return {
    length: all.length,
    text: (at) => all[at]?.text ?? '',
    answer: (at) => all[at]?.answer ?? '',
    similarity: (at, earlier) => cosines[at * all.length + earlier] as number,
  }
}

/** Sends the pairs through a cache with a judge that was warmed before. */
export function replayPairs(stream: Stream, judge: Judge): PairOutcome {
  let [falseHits, fromWarmed, twins, twinHits, warmHits] = [0, 0, 0, 0, 0]
  replay(stream, judge, seeded(1), {
    seen(at, verdict, isRight) {
      const isHit = verdict.action === 'serve'
      if (at < WARMING) {
        if (isHit) warmHits += 1
        return
      }
      const place = (at - WARMING) % 4
      if (isHit && Number(verdict.entry.id) < WARMING) fromWarmed += 1
      else if (isHit && !isRight) falseHits += 1
      if (place !== 1 && place !== 2) return
      twins += 1
      if (isHit && isRight) twinHits += 1
    },
  })
  return { pairs: minimalPairs().length, falseHits, fromWarmed, twins, twinHits, warmHits }
}
