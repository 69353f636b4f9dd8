/** What the wording of a question tells about it. English; the options of the cache take functions for other languages. */

/** Words whose answer is another one tomorrow. */
const VOLATILE =
  /\b(today|tonight|tomorrow|yesterday|now|nowadays|current|currently|latest|newest|recent|recently|live|upcoming|this (?:morning|afternoon|evening|week|weekend|month|quarter|year)|(?:last|next|past) (?:night|week|weekend|month|quarter|year|few (?:hours|days|weeks))|at the moment|right away|so far|up to date|what time|what day|weather|forecast|news|headlines?|prices?|priced|stocks?|share price|exchange rates?|interest rates?|how much (?:is|are|does|do)|score|standings|in stock|availability)\b/iu

/** Whether the right answer changes with time: such a question is not answered by meaning, and its answer is kept for a short time. */
export function isVolatile(text: string): boolean {
  return VOLATILE.test(text)
}

/** Words that point at something said before. */
const POINTERS =
  /\b(he|she|it|they|him|her|them|his|hers|its|their|theirs|this|that|these|those|there|then|one|ones|same|former|latter|above|previous|earlier|both|either|neither|again|more|else|another|other)\b/iu

/** Words without content of their own. */
const FUNCTION_WORDS = new Set(
  (
    'a an the of to in on at for from by with about into and or but if so as is are was were be been am do does did done have has had ' +
    'i you he she it we they me him them my your his her its our their this that these those here there what which who whom whose ' +
    'when where why how can could will would shall should may might must please not no yes also just very ok okay thanks thank'
  ).split(' '),
)

/** Fewer words with content than this are too few to stand alone. */
const FEWEST = 4

/** Whether a turn means something else after another conversation: it points back, or says too little to stand alone. */
export function dependsOnHistory(text: string): boolean {
  if (POINTERS.test(text)) return true
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’][\p{L}]+)?/gu) ?? []
  return words.filter((word) => !FUNCTION_WORDS.has(word)).length < FEWEST
}
