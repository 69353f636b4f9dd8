import type { Template } from './template.ts'
import { NAMES, NEGATION, NUMBERS, ON_OFF } from './templates-exact.ts'
import { ANTONYMS, DATES, ORDER, TENSE, UNITS } from './templates-meaning.ts'

/** A question, one that differs from it in one place and asks for something else, and others that ask for the same. */
export interface MinimalPair {
  readonly category: string
  readonly original: string
  readonly changed: string
  readonly twins: readonly string[]
}

const CATEGORIES: Readonly<Record<string, readonly Template[]>> = {
  numbers: NUMBERS,
  units: UNITS,
  dates: DATES,
  names: NAMES,
  negation: NEGATION,
  antonyms: ANTONYMS,
  order: ORDER,
  'on/off': ON_OFF,
  tense: TENSE,
}

/** All pairs, in a fixed order. */
export function minimalPairs(): readonly MinimalPair[] {
  return Object.entries(CATEGORIES).flatMap(([category, templates]) =>
    templates.flatMap(({ text, fillings }) => fillings.map((filling) => fill(category, text, filling.split('/')))),
  )
}

function fill(category: string, template: string, fields: readonly string[]): MinimalPair {
  const filled = template.replace(/\{(\d)\}/g, (_, at: string) => fields[Number(at)] ?? '')
  const [original = '', changed = '', ...twins] = filled.split('|').map((part) => part.trim())
  return { category, original, changed, twins }
}
