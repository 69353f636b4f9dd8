import { dot } from '../embed/vector.ts'
import { learnedJudge } from '../judge/learned-judge.ts'
import type { JudgeReport } from '../judge/report.ts'
import type { Neighbour } from '../nearest/vector-index.ts'
import type { LoggedRequest } from './labelled-input.ts'
import type { LabelledSimilarity } from './sweep.ts'

/** What a cache would have done with a log, and what its judge learned. */
export interface Rehearsal {
  /** Each request's nearest earlier one: what a threshold is set from. */
  readonly nearest: readonly LabelledSimilarity[]
  readonly hits: number
  readonly wrong: number
  readonly report: JudgeReport | undefined
}

interface Stored extends LoggedRequest {
  readonly vector: Float32Array
  answerId: string
}

const NEIGHBOURS = 20

/** Sends a log through an empty cache with a judge under the wanted bound. Answers are compared as texts. */
export function rehearse(
  log: readonly LoggedRequest[],
  vectors: readonly Float32Array[],
  {
    maxWrongPerHit,
    chance,
    progress,
  }: { maxWrongPerHit: number; chance: () => number; progress: (done: number) => void },
): Rehearsal {
  const judge = learnedJudge({ maxWrongPerHit })
  const stored: Stored[] = []
  const nearest: LabelledSimilarity[] = []
  let [hits, wrong] = [0, 0]
  for (const [at, { text, answer }] of log.entries()) {
    const vector = vectors[at] as Float32Array
    const neighbours = near(stored, vector)
    const isRight = (id: string) => stored[Number(id)]?.answer === answer
    const [first] = neighbours
    if (first !== undefined) nearest.push({ similarity: first.similarity, same: isRight(first.id) })
    const verdict = judge.judge({ group: 'log', scope: 'log', text, neighbours, now: at, chance: chance() })
    progress(at + 1)
    if (verdict.action === 'serve') {
      hits += 1
      if (!isRight(verdict.entry.id)) wrong += 1
      continue
    }
    const { trial, compare } = verdict
    if (trial !== undefined) judge.learn({ trial, correct: isRight(trial.entry), source: 'import' })
    const [equal, ...others] = compare.filter(({ id }) => isRight(id))
    const joined = new Set(others.map((other) => other.answer))
    for (const entry of stored) if (joined.has(entry.answerId)) entry.answerId = equal?.answer ?? entry.answerId
    stored.push({ text, answer, vector, answerId: equal?.answer ?? String(stored.length) })
  }
  return { nearest, hits, wrong, report: judge.report()[0] }
}

function near(stored: readonly Stored[], vector: Float32Array): readonly Neighbour[] {
  const found: Neighbour[] = []
  for (const [at, entry] of stored.entries()) {
    const similarity = dot(vector, entry.vector)
    if (found.length === NEIGHBOURS && similarity <= (found.at(-1)?.similarity ?? 1)) continue
    const place = found.findIndex((other) => other.similarity < similarity)
    const neighbour = { id: String(at), text: entry.text, answer: entry.answerId, tags: [], similarity }
    found.splice(place < 0 ? found.length : place, 0, neighbour)
    if (found.length > NEIGHBOURS) found.pop()
  }
  return found
}
