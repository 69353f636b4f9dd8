import { COPULAS, DETERMINERS } from './lexicon.ts'
import type { Profile } from './profile.ts'
import type { Token } from './words.ts'

/**
 * Whether two texts say the same words in an order that changes who does what to whom, or what comes from where.
 *
 * Words may change places without that: a phrase moves ("in Rome, what ..."), a name stands before its noun or behind it ("price of
 * gold", "gold price"), an adjective before or behind, a list is told the other way round, the passive turns a sentence round.
 */
export function isReordered(text: Profile, entry: Profile): boolean {
  const [one, other] = [ordered(text, entry), ordered(entry, text)]
  const isTurned = text.passive !== entry.passive
  if (one.join(' ') === other.join(' ')) return isTurned && one.length > 1
  if (isTurned || isRotated(one, other)) return false
  const place = new Map(other.map((stem, at) => [stem, at]))
  return one.some((first, at) =>
    one.slice(at + 1).some((second) => {
      const [former, latter] = [place.get(first), place.get(second)]
      if (former === undefined || latter === undefined || former < latter) return false
      return !isMoved(text, entry, first, second) && !mayStandEitherWay(text, entry, [first, second])
    }),
  )
}

/** The words that both have, each where it stands first. */
function ordered({ tokens }: Profile, { tokens: others }: Profile): readonly string[] {
  const known = new Set(others.map(({ stem }) => stem))
  return [...new Set(tokens.flatMap(({ stem }) => (stem !== undefined && known.has(stem) ? [stem] : [])))]
}

/** Whether one is the other with its end put in front: of three words at least, for two are exchanged by that. */
function isRotated(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length || one.length < 3) return false
  const at = other.indexOf(one[0] as string)
  return one.every((stem, place) => stem === other[(at + place) % other.length])
}

/** Words of which the phrase keeps its preposition wherever it stands. */
const PREPOSITIONS = new Set(
  'of for in on at by with without from to into during before after since until about under over between through via per'.split(' '),
)

/** Whether one of the two is in a phrase that has moved with its preposition, and the other one has kept its own or has none. */
function isMoved(text: Profile, entry: Profile, first: string, second: string): boolean {
  const [a, b] = [governorOf(text.tokens, first), governorOf(entry.tokens, first)]
  const [c, d] = [governorOf(text.tokens, second), governorOf(entry.tokens, second)]
  return a === b && c === d && (a !== undefined || c !== undefined)
}

/** The preposition in front of a word's phrase. */
function governorOf(tokens: readonly Token[], stem: string): string | undefined {
  const at = tokens.findIndex((token) => token.stem === stem)
  for (let before = at - 1; before >= 0; before--) {
    const { word, stem: other } = tokens[before] as Token
    if (PREPOSITIONS.has(word)) return word
    if (other === undefined && !DETERMINERS.has(word)) return undefined
    if (other !== undefined && before < at - 2) return undefined
  }
  return undefined
}

/** Words that may stand between a noun and what tells more of it. */
const JOINING = new Set([...DETERMINERS, 'of', 'for', 'in', 'on', 'to', 'about', 'with'])

/** Whether two neighbours say the same both ways round: gold price and price of gold, oldest tree and tree that is the oldest, x and y. */
function mayStandEitherWay(text: Profile, entry: Profile, [first, second]: readonly [string, string]): boolean {
  const [near, far] = [between(text.tokens, first, second), between(entry.tokens, second, first)]
  if (near === undefined || far === undefined) return false
  const isAdjacent = (gap: readonly Token[]) => gap.every(({ word, stem }) => stem !== undefined || DETERMINERS.has(word))
  const joins = (gap: readonly Token[]) => gap.some(({ word }) => JOINING.has(word) && !DETERMINERS.has(word)) && gap.every(({ word, stem }) => stem !== undefined || JOINING.has(word))
  const tells = (gap: readonly Token[]) => gap.some(({ word }) => COPULAS.has(word)) && gap.every(({ word, stem }) => stem === undefined && (COPULAS.has(word) || DETERMINERS.has(word)))
  const lists = (gap: readonly Token[]) => gap.length > 0 && gap.every(({ word, stem }) => word === 'and' || word === 'or' || stem !== undefined)
  if (gapOnly(near, 'and') && gapOnly(far, 'and')) return lists(near) && lists(far)
  return (isAdjacent(near) && (joins(far) || tells(far))) || (isAdjacent(far) && (joins(near) || tells(near)))
}

function gapOnly(gap: readonly Token[], word: string): boolean {
  return gap.some((token) => token.word === word || token.word === 'or')
}

/** What stands between two words; undefined when they stand the other way round. */
function between(tokens: readonly Token[], first: string, second: string): readonly Token[] | undefined {
  const start = tokens.findIndex(({ stem }) => stem === first)
  const end = tokens.findIndex(({ stem }) => stem === second)
  return start < 0 || end < start ? undefined : tokens.slice(start + 1, end)
}
