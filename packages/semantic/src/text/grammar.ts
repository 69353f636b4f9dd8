import {
  COPULAS,
  DETERMINERS,
  IRREGULAR_PAST,
  NEGATIONS,
  NO_PAST,
  QUANTIFIERS,
  QUESTION_PHRASES,
  ROLES,
} from './lexicon.ts'
import { stemOf, type Token } from './words.ts'

/** Which time a word speaks of. */
export type Tense = 'past' | 'future'

const PAST = new Set(['did', 'was', 'were', 'had', 'ago'])
const ADVERBS = new Set(['just', 'already', 'also', 'never', 'always', 'really', 'only', 'not', 'still', 'even', 'yet'])
/** Behind these a form in -ed says nothing of time: a door is opened, an opened door. */
const NOT_BEFORE_PAST = new Set([
  ...COPULAS,
  'get',
  'gets',
  'getting',
  'to',
  'of',
  'for',
  'with',
  'by',
  'in',
  'on',
  'at',
])

/** So near before it, a form of to be makes a past form a participle: is my card blocked. */
const NEAR = 3
const PRESENT = new Set(['is', 'are', 'am'])

/** Of which times a text speaks. */
export function tenseOf(tokens: readonly Token[]): ReadonlySet<Tense> {
  const found = new Set<Tense>()
  for (const [at, { word }] of tokens.entries()) {
    if (PAST.has(word) || isPastForm(tokens, at)) found.add('past')
    if (word === 'will' || word === 'gonna' || (word === 'going' && tokens[at + 1]?.word === 'to')) found.add('future')
  }
  return found
}

function isPastForm(tokens: readonly Token[], at: number): boolean {
  const { word } = tokens[at] as Token
  const looksPast = IRREGULAR_PAST.has(word) || (/..ed$/.test(word) && stemOf(word) !== word && !NO_PAST.has(word))
  if (!looksPast) return false
  let before = at - 1
  while (before >= 0 && ADVERBS.has(tokens[before]?.word ?? '')) before -= 1
  const { word: previous } = tokens[before] ?? {}
  if (previous === undefined || NOT_BEFORE_PAST.has(previous) || DETERMINERS.has(previous) || /^\d/.test(previous))
    return false
  return !tokens.slice(Math.max(0, before - NEAR), before).some((token) => PRESENT.has(token.word))
}

const SUBJECTS = new Set(['i', 'you', 'we', 'he', 'she', 'it', 'they', 'there'])

const INTERROGATIVE = /^(who|whom|when|where|why)$/
/** Behind these a question word asks; elsewhere it joins: tell me when, on the day when. */
const ASKING = new Set(
  'tell me know knew knows explain understand wonder wondering sure idea see find out say and or about of'.split(' '),
)
/** So far from the beginning of a sentence a question word asks in any case. */
const BEGINNING = 2

/** What is asked for, where a word says so: who, when, where or why. */
export function questionsOf(text: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (let sentence of text.toLowerCase().split(/[.!?;,]+/)) {
    for (const [pattern, word] of QUESTION_PHRASES) sentence = sentence.replace(pattern, word)
    const words = sentence.match(/[\p{L}']+/gu) ?? []
    for (const [at, word] of words.entries()) {
      const bare = word.replace(/'(s|d|re|ll)$/, '')
      if (!INTERROGATIVE.test(bare)) continue
      if (at <= BEGINNING || ASKING.has(words[at - 1] ?? '')) found.add(bare === 'whom' ? 'who' : bare)
    }
  }
  return found
}

/** How much or how often, by class. */
export function quantifiersOf(tokens: readonly Token[]): ReadonlySet<string> {
  const found = new Set<string>()
  for (const [at, { word }] of tokens.entries()) {
    const quantifier = QUANTIFIERS.get(word)
    if (quantifier === undefined || (word === 'always' && tokens[at - 1]?.word === 'not')) continue
    found.add(quantifier)
  }
  return found
}

/** The words that are denied: for each word that denies, the next one that carries meaning. */
export function deniedOf(tokens: readonly Token[]): ReadonlySet<string> {
  const found = new Set<string>()
  for (const [at, { word }] of tokens.entries()) {
    // Where the verb stands behind its subject ("won't my card work"), the next word is not what is denied.
    if (!NEGATIONS.has(word) || isSubject(tokens[at + 1]?.word)) continue
    const next = tokens.slice(at + 1).find(({ stem, word: other }) => stem !== undefined && !ADVERBS.has(other))
    if (next?.stem !== undefined) found.add(next.stem)
  }
  return found
}

function isSubject(word = ''): boolean {
  return DETERMINERS.has(word) || SUBJECTS.has(word)
}

/** How each word stands to what it is said of, where a word before it says so: from Boston, my card. */
export function rolesOf(tokens: readonly Token[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  let roles: string[] = []
  for (const [at, { word, stem }] of tokens.entries()) {
    const role = word === 'by' && /^\d/.test(tokens[at + 1]?.word ?? '') ? 'by' : ROLES.get(word)
    if (role !== undefined) roles.push(role)
    else if (stem !== undefined) {
      if (roles.length > 0) found.set(stem, new Set([...(found.get(stem) ?? []), ...roles]))
      roles = []
    } else if (!DETERMINERS.has(word)) roles = []
  }
  return found
}

const MAY = new Set(['can', 'could', 'may', 'might', 'able', 'allowed', 'permitted'])
const SHOULD = new Set(['should', 'ought'])
const MUST = new Set(['must', 'required', 'obliged'])
/** Behind these it is all the same: how one can, and how one should. */
const HOW = new Set(['how', 'what', 'where', 'when', 'which', 'who', 'why'])
/** Who is asked a favour: could you, can somebody. */
const ASKED = new Set(['you', 'someone', 'somebody', 'anyone', 'anybody'])

/** Whether something may, should or must be done. */
export function modalsOf(tokens: readonly Token[]): ReadonlySet<string> {
  const found = new Set<string>()
  for (const [at, { word }] of tokens.entries()) {
    const [before, after] = [tokens[at - 1]?.word ?? '', tokens[at + 1]?.word ?? '']
    if (HOW.has(before) || ASKED.has(after)) continue
    if (MAY.has(word)) found.add('may')
    if (SHOULD.has(word)) found.add('should')
    if (MUST.has(word) || (word === 'have' && after === 'to')) found.add('must')
  }
  return found
}

/** Whether somebody does something, or it is done by somebody. */
export function isPassive(tokens: readonly Token[]): boolean {
  return tokens.some(({ word }, at) => {
    if (word !== 'by') return false
    const before = tokens.slice(Math.max(0, at - 3), at).findLast(({ word: each }) => !ADVERBS.has(each))?.word ?? ''
    const isParticiple = /(?:ed|en|wn|ught|ung|ne|ld|lt|nt|ade|ost|ut|it)$/.test(before)
    return (
      isParticiple &&
      tokens.slice(0, at).some(({ word: each }) => COPULAS.has(each) || each === 'get' || each === 'got')
    )
  })
}
