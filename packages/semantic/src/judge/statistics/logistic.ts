/**
 * Logistic regression with a Gaussian prior, fitted by Newton's method (iteratively reweighted least squares). Small: a dozen
 * weights, some thousand samples, a few milliseconds.
 */

/** One labelled observation. */
export interface Observation {
  readonly features: readonly number[]
  readonly correct: boolean
  readonly weight: number
}

/** Where the weights are drawn to, and how strongly: as strongly as `strength` observations would. */
export interface Prior {
  readonly weights: readonly number[]
  readonly strength: number
}

const STEPS = 6
const CLOSE = 1e-4

/** The weights that fit best; the first feature is the constant 1. */
export function fitLogistic(
  observations: readonly Observation[],
  { weights: centre, strength }: Prior,
  start: readonly number[] = centre,
): readonly number[] {
  const size = centre.length
  let weights = [...start]
  for (let step = 0; step < STEPS; step++) {
    const gradient = weights.map((weight, at) => strength * (weight - (centre[at] as number)))
    const hessian = new Float64Array(size * size)
    for (let at = 0; at < size; at++) hessian[at * size + at] = strength
    for (const observation of observations) accumulate(observation, weights, gradient, hessian)
    const move = solve(hessian, gradient)
    const longest = Math.max(...move.map(Math.abs))
    const scale = longest > 2 ? 2 / longest : 1
    weights = weights.map((weight, at) => weight - scale * (move[at] as number))
    if (longest < CLOSE) break
  }
  return weights
}

function accumulate(
  { features, correct, weight }: Observation,
  weights: readonly number[],
  gradient: number[],
  hessian: Float64Array,
): void {
  const size = weights.length
  const expected = sigmoid(inner(weights, features))
  const off = weight * (expected - (correct ? 1 : 0))
  const curve = weight * expected * (1 - expected)
  for (let row = 0; row < size; row++) {
    const feature = features[row] as number
    if (feature === 0) continue
    gradient[row] = (gradient[row] as number) + off * feature
    for (let column = 0; column <= row; column++) {
      const at = row * size + column
      hessian[at] = (hessian[at] as number) + curve * feature * (features[column] as number)
    }
  }
}

/** Solves a symmetric, positive definite system given by its lower triangle (Cholesky). */
function solve(matrix: Float64Array, right: readonly number[]): number[] {
  const size = right.length
  const root = new Float64Array(size * size)
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * size + column] as number
      for (let at = 0; at < column; at++)
        sum -= (root[row * size + at] as number) * (root[column * size + at] as number)
      root[row * size + column] =
        row === column ? Math.sqrt(Math.max(sum, 1e-9)) : sum / (root[column * size + column] as number)
    }
  }
  const solution = [...right]
  for (let row = 0; row < size; row++) {
    for (let at = 0; at < row; at++)
      solution[row] = (solution[row] as number) - (root[row * size + at] as number) * (solution[at] as number)
    solution[row] = (solution[row] as number) / (root[row * size + row] as number)
  }
  for (let row = size - 1; row >= 0; row--) {
    for (let at = row + 1; at < size; at++)
      solution[row] = (solution[row] as number) - (root[at * size + row] as number) * (solution[at] as number)
    solution[row] = (solution[row] as number) / (root[row * size + row] as number)
  }
  return solution
}

/** The sum of products. */
export function inner(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number)
  return sum
}

/** From log-odds to a probability. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit))
}
