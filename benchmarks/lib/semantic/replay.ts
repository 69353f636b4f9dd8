import type { Judge, Neighbour, Verdict } from '@granary/semantic'

/** Requests in the order in which they come, with what a model would answer. */
export interface Stream {
  readonly length: number
  text(at: number): string
  /** What the model answers to this request now: two requests may share an answer when these are equal. */
  answer(at: number): string
  /** Cosine of two requests. */
  similarity(at: number, earlier: number): number
}

/** What became of a stream. */
export interface Outcome {
  readonly requests: number
  readonly hits: number
  readonly wrong: number
  /** Hits and wrong hits of the last quarter: the steady state. */
  readonly lastHits: number
  readonly lastWrong: number
  readonly lastRequests: number
  /** The greatest share of wrong hits that was ever reached after the first 100 hits. */
  readonly worst: number
}

/** How a stream is sent. */
export interface ReplayOptions {
  /** Whether a request is stored although the model's answer equals that of the near entry. Default: true. */
  readonly keepsEquals?: boolean
  /** Told of every request. */
  readonly seen?: (at: number, verdict: Verdict, isRight: boolean) => void
}

/** How many neighbours a judge sees, as in the cache. */
const NEIGHBOURS = 20

/**
 * Sends a stream through an empty cache with a judge: what is not a hit is answered by the model, compared with the near entries
 * that the judge names, and stored. A hit is right when the model would now give the entry's answer.
 */
export function replay(stream: Stream, judge: Judge, chance: () => number, options: ReplayOptions = {}): Outcome {
  const { keepsEquals = true, seen } = options
  const nearest = new Nearest(stream)
  const kinds = new Uint8Array(stream.length)
  let [hits, wrong, worst] = [0, 0, 0]
  for (let at = 0; at < stream.length; at++) {
    const neighbours = nearest.of(at)
    const verdict = judge.judge({
      group: 'all',
      scope: 'all',
      text: stream.text(at),
      neighbours,
      now: at,
      chance: chance(),
    })
    const isRight = verdict.entry !== undefined && stream.answer(Number(verdict.entry.id)) === stream.answer(at)
    seen?.(at, verdict, isRight)
    if (verdict.action === 'ask') {
      const answer = learnFrom(stream, at, judge, verdict, nearest)
      if (keepsEquals || !isRight) nearest.store(at, answer)
      continue
    }
    hits += 1
    if (!isRight) wrong += 1
    kinds[at] = isRight ? 1 : 2
    if (hits >= 100) worst = Math.max(worst, wrong / hits)
  }
  const last = kinds.subarray(Math.floor(stream.length * 0.75))
  const count = (accepted: (kind: number) => boolean) => last.reduce((sum, kind) => sum + (accepted(kind) ? 1 : 0), 0)
  return {
    requests: stream.length,
    hits,
    wrong,
    worst,
    lastHits: count((kind) => kind > 0),
    lastWrong: count((kind) => kind === 2),
    lastRequests: last.length,
  }
}

/** Tells the judge what the model's answer shows, and answers with the answer id of the new entry. */
function learnFrom(
  stream: Stream,
  at: number,
  judge: Judge,
  { trial, compare }: Verdict & { action: 'ask' },
  nearest: Nearest,
): string {
  const isEqual = (entry: string) => stream.answer(Number(entry)) === stream.answer(at)
  const equals = compare.filter(({ id }) => isEqual(id))
  if (trial !== undefined) judge.learn({ trial, correct: isEqual(trial.entry), source: 'comparison' })
  const [first, ...others] = equals
  for (const other of others) nearest.merge(other.answer, first?.answer ?? other.answer)
  return first?.answer ?? String(at)
}

/** The entries that were stored, by brute force. */
class Nearest {
  readonly #stream: Stream
  readonly #stored: number[] = []
  readonly #answers = new Map<number, string>()

  constructor(stream: Stream) {
    this.#stream = stream
  }

  store(at: number, answer: string): void {
    this.#stored.push(at)
    this.#answers.set(at, answer)
  }

  /** Joins two answers that were found equal. */
  merge(from: string, to: string): void {
    if (from === to) return
    for (const [at, answer] of this.#answers) if (answer === from) this.#answers.set(at, to)
  }

  of(at: number): readonly Neighbour[] {
    const found: { readonly entry: number; readonly similarity: number }[] = []
    let lowest = -2
    for (const entry of this.#stored) {
      const similarity = this.#stream.similarity(at, entry)
      if (similarity <= lowest) continue
      let place = found.length
      while (place > 0 && (found[place - 1] as (typeof found)[number]).similarity < similarity) place -= 1
      found.splice(place, 0, { entry, similarity })
      if (found.length > NEIGHBOURS) found.pop()
      if (found.length === NEIGHBOURS) lowest = found[NEIGHBOURS - 1]?.similarity ?? -2
    }
    return found.map(({ entry, similarity }) => ({
      id: String(entry),
      text: this.#stream.text(entry),
      answer: this.#answers.get(entry) ?? '',
      tags: [],
      similarity,
    }))
  }
}

/** A generator of numbers in [0, 1) that can be replayed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A random order of `count` things. */
export function shuffled(count: number, chance: () => number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, at) => at)
  for (let at = count - 1; at > 0; at--) {
    const other = Math.floor(chance() * (at + 1))
    const kept = order[at] as number
    order[at] = order[other] as number
    order[other] = kept
  }
  return order
}
