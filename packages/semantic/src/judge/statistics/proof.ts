/**
 * What speaks for the judge's own way of choosing thresholds: how often what it would serve was right, counted only from requests
 * that came after the threshold was chosen. Labels that a threshold was chosen by flatter it, the more thresholds it was chosen among.
 */
export interface Proof {
  /** Requests that would have been served and were asked, an old one counting less than a new one. */
  readonly tested: number
  /** Those of them for which the answer would have been wrong. */
  readonly failed: number
}

/** Nothing was tested yet. */
export const UNPROVEN: Proof = Object.freeze({ tested: 0, failed: 0 })

/** What the rate of wrong answers may be instead, in shares of the limit: nobody knows it beforehand, so the wager is split. */
const ALTERNATIVES = [0.05, 0.2, 0.4, 0.6]
/** Wrong answers at the limit that the proof remembers: it forgets within so many times `1 / limit` tests. */
const MEMORY = 20

/** One more request that would have been served, and what would have become of it. */
export function afterTest({ tested, failed }: Proof, correct: boolean, limit: number): Proof {
  const kept = 1 - limit / MEMORY
  return { tested: tested * kept + 1, failed: failed * kept + (correct ? 0 : 1) }
}

/**
 * Whether the share of wrong answers is under `limit`, with the given confidence at every moment at once. The wealth of a gambler who
 * bets against "as many as `limit` are wrong, or more" at fair odds reaches `1 / (1 - confidence)` with a chance of `1 - confidence`
 * at most if that is true, however often one looks (Ville, Etude critique de la notion de collectif, 1939; the mixture of bets:
 * Robbins, Annals of Mathematical Statistics 41, 1970). Forgetting makes the proof follow what changes; see `docs/concepts/judge.md`.
 */
export function isProven(proof: Proof, limit: number, confidence: number): boolean {
  return wealth(proof, limit) >= 1 / (1 - confidence)
}

/** Right answers in a row, and none wrong, that prove it at least. */
export function leastProof(limit: number, confidence: number): number {
  let proof = UNPROVEN
  let count = 0
  while (!isProven(proof, limit, confidence)) {
    proof = afterTest(proof, true, limit)
    count += 1
  }
  return count
}

/** What a stake of 1 has become. */
function wealth({ tested, failed }: Proof, limit: number): number {
  const won = (part: number) => (tested - failed) * Math.log((1 - part * limit) / (1 - limit)) + failed * Math.log(part)
  return ALTERNATIVES.reduce((sum, part) => sum + Math.exp(won(part)), 0) / ALTERNATIVES.length
}
