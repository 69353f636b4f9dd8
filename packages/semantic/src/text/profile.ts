import { type Figures, figuresOf } from './figures.ts'
import { COMMON_FORM, FILLERS, NEGATIONS } from './lexicon.ts'

/** A text as the guards see it. */
export interface Profile {
  readonly figures: Figures
  /** All words, in lower case, contractions taken apart. */
  readonly words: readonly string[]
  /** The words that carry meaning, in their order, in their common form. */
  readonly content: readonly Word[]
  /** Their stems. */
  readonly stems: ReadonlySet<string>
  /** How many words deny. */
  readonly negations: number
  /** Which time the text speaks of. */
  readonly tense: ReadonlySet<Tense>
  /** What is asked for, where a word says so: who, when, where or why. */
  readonly questions: ReadonlySet<string>
  /** Words with a capital letter in the middle of a sentence, in lower case. */
  readonly names: ReadonlySet<string>
}

/** A word that carries meaning. */
interface Word {
  readonly word: string
  readonly stem: string
}

/** Which time a word speaks of. */
type Tense = 'past' | 'future'

const PAST = new Set(['did', 'was', 'were', 'had', 'ago'])
const QUESTIONS = new Set(['who', 'whom', 'when', 'where', 'why'])
const FUTURE = new Set(['will', 'gonna', 'going'])
/** Of what each contraction is made. `'s` and `'d` can be several things and are dropped. */
const CONTRACTION = /n['’]?t$|['’](s|d|m|re|ve|ll)$/u
const DENYING = /^(do|does|did|is|are|was|were|has|have|had|ca|can|could|wo|would|should|must|need|ai)n['’]?t$/u
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
  const words = wordsOf(text)
  const content: Word[] = []
  for (const word of words) {
    if (
      FILLERS.has(word) ||
      NEGATIONS.has(word) ||
      PAST.has(word) ||
      FUTURE.has(word) ||
      QUESTIONS.has(word) ||
      /^\d/.test(word)
    )
      continue
    const form = COMMON_FORM.get(word) ?? word
    content.push({ word: form, stem: COMMON_FORM.get(stemOf(form)) ?? stemOf(form) })
  }
  return {
    figures: figuresOf(text),
    words,
    content,
    stems: new Set(content.map(({ stem }) => stem)),
    negations: words.filter((word) => NEGATIONS.has(word)).length,
    tense: tenseOf(words),
    questions: new Set(words.filter((word) => QUESTIONS.has(word)).map((word) => (word === 'whom' ? 'who' : word))),
    names: namesOf(text),
  }
}

function wordsOf(text: string): readonly string[] {
  const found =
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+(?:[-'’][\p{L}\p{N}]+)*/gu) ?? []
  return found.flatMap((word) => {
    if (DENYING.test(word) || word === 'cant' || word === 'wont')
      return ['not', ...(word.startsWith('wo') ? ['will'] : word.startsWith('did') ? ['did'] : [])]
    if (word.endsWith("'ll") || word.endsWith('’ll')) return [word.slice(0, -3), 'will']
    const bare = word.replace(CONTRACTION, '')
    return bare.includes('-') && !COMMON_FORM.has(bare) ? bare.split('-') : [bare]
  })
}

function tenseOf(words: readonly string[]): ReadonlySet<Tense> {
  const found = new Set<Tense>()
  for (const [at, word] of words.entries()) {
    if (PAST.has(word)) found.add('past')
    if (word === 'will' || word === 'gonna' || (word === 'going' && words[at + 1] === 'to')) found.add('future')
  }
  return found
}

function namesOf(text: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (const [, before = '', name = ''] of text.matchAll(/(^|[.!?:]\s+|["“']|\S\s+)(\p{Lu}\p{Ll}[\p{L}’'-]*)/gu)) {
    if (/^\S\s+$/.test(before) && !/[.!?:]/.test(before)) found.add(name.toLowerCase().replace(/['’]s$/, ''))
  }
  return found
}

/** A word without its commonest endings: enough to see that two forms are of one word, and too little for a dictionary. */
function stemOf(word: string): string {
  if (word.length <= 3) return word
  const base = word
    .replace(/(?<=..)ies$/, 'y')
    .replace(/(?<=[sxz]|ch|sh)es$/, '')
    .replace(/(?<=[^su])s$/, '')
  const cut = base.replace(/(?<=[^aeiou]*[aeiouy].{1,})(?:ing|ed)$/, '')
  if (cut === base) return base.length > 4 ? base.replace(/e$/, '') : base
  return cut.replace(/([bdfgkmnprt])\1$/, '$1').replace(/(?<=....)e$/, '')
}
