import { FEATURES } from './candidate.ts'
import { fitLogistic, inner, type Observation, sigmoid } from './statistics/logistic.ts'

/**
 * A score in two halves: each is fitted without the labels that the other one was fitted to, so that every label has a score from
 * a half that has not seen it. A new request gets the mean of both.
 */
export type Model = readonly [readonly number[], readonly number[]]

/** An observation that belongs to one of the halves. */
export type Halved = Observation & { readonly at: number }

/** How strongly weights are drawn to what was known before, in labels. */
const PRIOR_STRENGTH = 4
/** No single label may outweigh so many others in a fit. */
const HEAVIEST = 3

/** Conservative weights to begin with: near, and far from anything else. */
export const SHIPPED: readonly number[] = FEATURES.map(
  (name) => (({ constant: -2, similarity: 1, margin: 0.5, vote: 0.7 }) as Partial<Record<string, number>>)[name] ?? 0,
)

/** Fits both halves; `centre` is what the weights are drawn to, `before` where the search begins. */
export function fitModel(labels: readonly Halved[], centre: readonly number[], before?: Model): Model {
  const half = (fold: 0 | 1) => {
    const others = labels.filter(({ at }) => at % 2 !== fold)
    const capped = others.map(({ features, correct, weight }) => ({
      features,
      correct,
      weight: Math.min(HEAVIEST, weight),
    }))
    return fitLogistic(capped, { weights: centre, strength: PRIOR_STRENGTH }, before?.[fold] ?? centre)
  }
  return [half(0), half(1)]
}

/** The score of a new request. */
export function scoreOf([one, other]: Model, features: readonly number[]): number {
  return sigmoid((inner(one, features) + inner(other, features)) / 2)
}

/** The score of a label, from the half that has not seen it. */
export function unseenScore(model: Model, { at, features }: Halved): number {
  return sigmoid(inner(model[at % 2 === 0 ? 0 : 1], features))
}
