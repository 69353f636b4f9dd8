/**
 * An upper confidence bound on a rate, from `share` observed over `count` (effective) observations: the largest rate under which
 * so few errors would still be seen with a chance of `1 - confidence`. Chernoff's bound in its relative-entropy form, which
 * holds for any count and is tight where errors are rare; with no error it is `1 - (1 - confidence)^(1 / count)`.
 */
export function upperBound(share: number, count: number, confidence: number): number {
  if (count <= 0) return 1
  const needed = Math.log(1 / (1 - confidence)) / count
  let [low, high] = [share, 1]
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2
    if (relativeEntropy(share, middle) > needed) high = middle
    else low = middle
  }
  return high
}

/** Whether {@link upperBound} is at most `limit`, without searching for it. */
export function isBelow(limit: number, share: number, count: number, confidence: number): boolean {
  return share < limit && count * relativeEntropy(share, limit) >= Math.log(1 / (1 - confidence))
}

/** Kullback and Leibler's divergence between two coins. */
function relativeEntropy(seen: number, rate: number): number {
  const wrong = seen === 0 ? 0 : seen * Math.log(seen / rate)
  const right = seen === 1 ? 0 : (1 - seen) * Math.log((1 - seen) / (1 - rate))
  return wrong + right
}
