import { COMMON_FORM, FILLERS, NEGATIONS } from './lexicon.ts'

/** A word of a text, in its place. */
export interface Token {
  /** In lower case; contractions are taken apart. */
  readonly word: string
  /** What stands for it where it carries meaning: the stem of its common form, or its digits; undefined of words that only join others. */
  readonly stem: string | undefined
}

/** Words that say when, or whether one should, and are no part of what is asked about. */
const TENSE_WORDS = new Set(['did', 'was', 'were', 'had', 'ago', 'will', 'gonna', 'going', 'should', 'must', 'ought'])
const QUESTION_WORDS = new Set(['who', 'whom', 'when', 'where', 'why'])
/** Of what each contraction is made. `'s` and `'d` can be several things and are dropped. */
const CONTRACTION = /n['’]?t$|['’](s|d|m|re|ve|ll)$/u
const DENYING = /^(do|does|did|is|are|was|were|has|have|had|ca|can|could|wo|would|should|must|need|ai)n['’]?t$/u
/** What is left of a denying contraction, where it says something of its own: what won't work does not work. */
const AUXILIARY: Readonly<Record<string, string>> = {
  did: 'did',
  was: 'was',
  were: 'were',
  had: 'had',
  has: 'has',
  have: 'have',
  should: 'should',
  must: 'must',
}

/** The words of a text, in their order. */
export function tokensOf(text: string): readonly Token[] {
  return wordsOf(text).map((word) => ({ word, stem: meaningOf(word) }))
}

function wordsOf(text: string): readonly string[] {
  const found =
    text
      .normalize('NFKC')
      .toLowerCase()
      .replace(/\b([ap])\.\s?m\b\.?/g, '$1m')
      // Who asks to be given something asks to get it.
      .replace(/\bgive (me|us)\b/g, '$1')
      .match(/[\p{L}\p{N}]+(?:[-'’][\p{L}\p{N}]+)*/gu) ?? []
  return found.flatMap((word) => {
    const [, denied] = DENYING.exec(word) ?? []
    if (denied !== undefined || word === 'cant' || word === 'wont') {
      const auxiliary = AUXILIARY[denied ?? '']
      return auxiliary === undefined ? ['not'] : [auxiliary, 'not']
    }
    if (word.endsWith("'ll") || word.endsWith('’ll')) return [word.slice(0, -3), 'will']
    if (word.endsWith("'ve") || word.endsWith('’ve')) return [word.slice(0, -3), 'have']
    const bare = word.replace(CONTRACTION, '')
    return bare.includes('-') && !COMMON_FORM.has(bare) ? bare.split('-') : [bare]
  })
}

function meaningOf(word: string): string | undefined {
  if (/^\d/.test(word)) return word
  if (FILLERS.has(word) || NEGATIONS.has(word) || TENSE_WORDS.has(word) || QUESTION_WORDS.has(word)) return undefined
  const form = COMMON_FORM.get(word) ?? word
  const stem = stemOf(form)
  return COMMON_FORM.get(stem) ?? stem
}

/** A word without its commonest endings: enough to see that two forms are of one word, and too little for a dictionary. */
export function stemOf(word: string): string {
  if (word.length <= 3) return word
  const base = word
    .replace(/(?<=..)ies$/, 'y')
    .replace(/(?<=[sxz]|ch|sh)es$/, '')
    .replace(/(?<=[^su])s$/, '')
  const cut = base.replace(/(?<=[^aeiou]*[aeiouy].{1,})(?:ing|ed)$/, '')
  if (cut === base) return base.length > 4 ? base.replace(/e$/, '') : base
  return cut.replace(/([bdfgkmnprt])\1$/, '$1').replace(/(?<=....)e$/, '')
}
