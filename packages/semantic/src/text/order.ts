import { COPULAS, DETERMINERS } from './lexicon.ts'
import type { Profile } from './profile.ts'
import type { Token } from './words.ts'

/**
 * Whether two texts say the same words in an order that changes who does what to whom, or what comes from where.
 *
 * Words may change places without that: a phrase moves ("in Rome, what ..."), a name stands before its noun or behind it ("price of
 * gold", "gold price"), an adjective too, a list is told the other way round, the passive turns a sentence round.
 */
export function isReordered(text: Profile, entry: Profile): boolean {
  const [one, other] = [ordered(text, entry), ordered(entry, text)]
  const isTurned = text.passive !== entry.passive
  if (one.join(' ') === other.join(' ')) return isTurned && one.length > 1
  if (isTurned || isRotated(one, other)) return false
  const place = new Map(other.map((stem, at) => [stem, at]))
  const isInverted = (former: string, latter: string) => (place.get(former) ?? 0) > (place.get(latter) ?? 0)
  return one.some((former, at) =>
    one
      .slice(at + 1)
      .some(
        (latter) =>
          isInverted(former, latter) &&
          !isMoved(text, entry, [former, latter]) &&
          !mayStandEitherWay(between(text.tokens, former, latter), between(entry.tokens, latter, former)),
      ),
  )
}

/** Words that belong to a verb and stand behind it or behind its object: turn off the light, turn the light off. */
const PARTICLES = new Set('on off up down in out over back away around through along'.split(' '))

/** The words that both have, each where it stands first. */
function ordered({ tokens }: Profile, { tokens: others }: Profile): readonly string[] {
  const known = new Set(others.map(({ stem }) => stem))
  return [
    ...new Set(
      tokens.flatMap(({ word, stem }) => (stem !== undefined && known.has(stem) && !PARTICLES.has(word) ? [stem] : [])),
    ),
  ]
}

/** Whether one is the other with its end put in front: of three words at least, for two are exchanged by that. */
function isRotated(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length || one.length < 3) return false
  const start = other.indexOf(one[0] as string)
  return one.every((stem, at) => stem === other[(start + at) % other.length])
}

const PREPOSITIONS = new Set(
  `of for in on at by with without from to into during before after since until about under over between through via
  per`.split(/\s+/),
)

/** Whether one of two words is in a phrase that has moved with its preposition, and the other has kept its own or has none. */
function isMoved(text: Profile, entry: Profile, words: readonly [string, string]): boolean {
  const [mine, yours] = [text, entry].map(({ tokens }) => words.map((word) => prepositionOf(tokens, word)))
  const [first, second] = mine as (string | undefined)[]
  return first !== second && first === yours?.[0] && second === yours?.[1]
}

/** The preposition in front of a word's phrase. */
function prepositionOf(tokens: readonly Token[], stem: string): string | undefined {
  const at = tokens.findIndex((token) => token.stem === stem)
  for (let before = at - 1; before >= 0; before--) {
    const { word, stem: other } = tokens[before] as Token
    if (PREPOSITIONS.has(word)) return word
    if (other === undefined ? !DETERMINERS.has(word) : before < at - 2) return undefined
  }
  return undefined
}

/** Words that may stand between a noun and what tells more of it. */
const JOINING = new Set(['of', 'for', 'in', 'on', 'to', 'about', 'with'])
const LISTING = new Set(['and', 'or'])

/**
 * Whether two words say the same both ways round, given what is between them in either text: gold price and price of gold, oldest tree
 * and tree that is the oldest, bread and milk.
 */
function mayStandEitherWay(one: readonly Token[] | undefined, other: readonly Token[] | undefined): boolean {
  if (one === undefined || other === undefined) return false
  if (isJoinedBy(one, LISTING) && isJoinedBy(other, LISTING)) return true
  const isTold = (gap: readonly Token[]) => isJoinedBy(gap, JOINING) || isJoinedBy(gap, COPULAS)
  return (isAdjacent(one) && isTold(other)) || (isAdjacent(other) && isTold(one))
}

/** Whether nothing but words of the same noun stand in a gap. */
function isAdjacent(gap: readonly Token[]): boolean {
  return gap.every(({ word, stem }) => stem !== undefined || DETERMINERS.has(word))
}

/** Whether a gap is made of some of these words, and of words of the nouns that they join. */
function isJoinedBy(gap: readonly Token[], words: ReadonlySet<string>): boolean {
  const inner = gap.filter(({ word, stem }) => stem === undefined && !DETERMINERS.has(word))
  return gap.some(({ word }) => words.has(word)) && inner.every(({ word }) => words.has(word))
}

/** What stands between two words; undefined when they stand the other way round. */
function between(tokens: readonly Token[], first: string, second: string): readonly Token[] | undefined {
  const start = tokens.findIndex(({ stem }) => stem === first)
  const end = tokens.findIndex(({ stem }) => stem === second)
  return start < 0 || end < start ? undefined : tokens.slice(start + 1, end)
}
