import { type Figures, figuresOf } from './figures.ts'
import { deniedOf, isPassive, modalsOf, quantifiersOf, questionsOf, rolesOf, type Tense, tenseOf } from './grammar.ts'
import { NEGATIONS } from './lexicon.ts'
import { type Token, tokensOf } from './words.ts'

/** A text as the guards see it. */
export interface Profile {
  readonly figures: Figures
  /** All words, in lower case, contractions taken apart. */
  readonly words: readonly string[]
  /** The same with what they mean. */
  readonly tokens: readonly Token[]
  /** The stems of the words that carry meaning, numbers apart. */
  readonly stems: ReadonlySet<string>
  /** How many words deny. */
  readonly negations: number
  /** The stems of the words that are denied. */
  readonly denied: ReadonlySet<string>
  /** Which times the text speaks of. */
  readonly tense: ReadonlySet<Tense>
  /** What is asked for, where a word says so: who, when, where or why. */
  readonly questions: ReadonlySet<string>
  /** How much or how often, by class. */
  readonly quantifiers: ReadonlySet<string>
  /** Whether something may, should or must be done. */
  readonly modals: ReadonlySet<string>
  /** By stem: from, to, before, whose. */
  readonly roles: ReadonlyMap<string, ReadonlySet<string>>
  /** Whether something is done by somebody. */
  readonly passive: boolean
  /** Stems of words with a capital letter in the middle of a sentence. */
  readonly names: ReadonlySet<string>
}

const MOST_REMEMBERED = 4_096

let recent = new Map<string, Profile>()
let older = new Map<string, Profile>()

/** The profile of a text. The last few thousand are remembered: entries are compared again and again. */
export function profileOf(text: string): Profile {
  const known = recent.get(text) ?? older.get(text)
  const profile = known ?? read(text)
  if (!recent.has(text)) {
    if (recent.size >= MOST_REMEMBERED) {
      older = recent
      recent = new Map()
    }
    recent.set(text, profile)
  }
  return profile
}

function read(text: string): Profile {
  const tokens = tokensOf(text)
  const words = tokens.map(({ word }) => word)
  return {
    figures: figuresOf(text),
    words,
    tokens,
    stems: new Set(tokens.flatMap(({ stem }) => (stem === undefined || /^\d/.test(stem) ? [] : [stem]))),
    negations: words.filter((word) => NEGATIONS.has(word)).length,
    denied: deniedOf(tokens),
    tense: tenseOf(tokens),
    questions: questionsOf(text),
    quantifiers: quantifiersOf(tokens),
    modals: modalsOf(tokens),
    roles: rolesOf(tokens),
    passive: isPassive(tokens),
    names: namesOf(text, tokens),
  }
}

function namesOf(text: string, tokens: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [, before = '', name = ''] of text.matchAll(/(^|[.!?:]\s+|["“']|\S\s+)(\p{Lu}\p{Ll}[\p{L}’'-]*)/gu)) {
    if (/^\S\s+$/.test(before) && !/[.!?:]/.test(before)) names.add(name.toLowerCase().replace(/['’]s$/, ''))
  }
  return new Set(tokens.flatMap(({ word, stem }) => (stem !== undefined && names.has(word) ? [stem] : [])))
}
