import type { Figures } from './figures.ts'
import { DENYING_PREFIXES, NEGATIONS, OPPOSITE } from './lexicon.ts'
import { isReordered } from './order.ts'
import type { Profile } from './profile.ts'

/** Why one text's answer cannot be another's, in words for `explain`. */
export type Veto = keyof Figures | 'polarity'

const FIGURES: readonly (keyof Figures)[] = ['numbers', 'units', 'dates', 'quotes', 'addresses', 'identifiers']

/**
 * What makes two texts ask for different things for certain: something exact differs, or one denies what the other says. Denials
 * are counted by parity, exchanged opposites among them: "not fat" and "thin" agree.
 */
export function vetoOf(one: Profile, other: Profile): Veto | undefined {
  for (const figure of FIGURES) if (!equal(one.figures[figure], other.figures[figure])) return figure
  return (one.negations + other.negations + reversals(one, other)) % 2 === 1 ? 'polarity' : undefined
}

/** How many words of one text stand against their opposite in the other. */
function reversals(one: Profile, other: Profile): number {
  const [mine, yours] = [own(one), own(other)]
  const used = new Set<string>()
  let count = 0
  for (const word of mine) {
    if (yours.has(word)) continue
    const opposite = [...yours].find(
      (candidate) => !mine.has(candidate) && !used.has(candidate) && opposed(word, candidate),
    )
    if (opposite === undefined) continue
    used.add(opposite)
    count += 1
  }
  return count
}

/** The words of a text; those that deny were counted already. */
function own({ words }: Profile): ReadonlySet<string> {
  return new Set(words.filter((word) => !NEGATIONS.has(word)))
}

function opposed(one: string, other: string): boolean {
  if (OPPOSITE.get(one)?.has(other)) return true
  const [short, long] = one.length < other.length ? [one, other] : [other, one]
  if (short.length < 4 || !long.endsWith(short)) return false
  return DENYING_PREFIXES.includes(long.slice(0, long.length - short.length))
}

function equal(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value, at) => value === other[at])
}

/** What differs between a text and an entry, where it is little enough to be the whole point of the question. */
export type Guard =
  | 'exchange'
  | 'name'
  | 'order'
  | 'question'
  | 'tense'
  | 'quantity'
  | 'denial'
  | 'role'
  | 'modality'
  | 'apart'

/** The words of two texts that the other one has not. */
export interface Difference {
  /** Stems that only the new text has. */
  readonly added: readonly string[]
  /** Stems that only the entry has. */
  readonly missing: readonly string[]
  /** Stems that both have. */
  readonly kept: number
}

/** Compares the words that carry meaning. Spelling mistakes in longer words are no difference. */
export function differenceOf(text: Profile, entry: Profile): Difference {
  const added = [...text.stems].filter((stem) => !entry.stems.has(stem))
  const missing = [...entry.stems].filter((stem) => !text.stems.has(stem))
  const kept = text.stems.size - added.length
  for (const stem of [...added]) {
    const misspelt = missing.findIndex((candidate) => isMisspelling(stem, candidate))
    if (misspelt < 0) continue
    missing.splice(misspelt, 1)
    added.splice(added.indexOf(stem), 1)
  }
  return { added, missing, kept }
}

/** How many words may be exchanged for the exchange to be what the question is about. */
const FEW = 2

/**
 * A guard refuses a small difference until there is evidence that it does not matter: `covers` says whether a word occurs in
 * another text that was verified to have the entry's answer.
 */
export function guardOf(text: Profile, entry: Profile, covers: (stem: string) => boolean): Guard | undefined {
  const { added, missing, kept } = differenceOf(text, entry)
  const strange = added.filter((stem) => !covers(stem))
  if (strange.some((stem) => text.names.has(stem)) && missing.some((stem) => entry.names.has(stem))) return 'name'
  if (strange.length > 0 && missing.length > 0) {
    if (kept === 0) return 'apart'
    if (Math.min(added.length, missing.length) <= FEW) return 'exchange'
  }
  return strange.length + missing.length > FEW ? undefined : grammarGuard(text, entry)
}

/** What differs although the words that carry meaning are much the same. */
function grammarGuard(text: Profile, entry: Profile): Guard | undefined {
  if (!equalSets(text.questions, entry.questions)) return 'question'
  if (!equalSets(text.tense, entry.tense)) return 'tense'
  if (!equalSets(text.quantifiers, entry.quantifiers)) return 'quantity'
  if (!isWithin(text.modals, entry.modals) && !isWithin(entry.modals, text.modals)) return 'modality'
  if (deniesAnother(text, entry)) return 'denial'
  if (changesRoles(text, entry)) return 'role'
  return isReordered(text, entry) ? 'order' : undefined
}

function isWithin<T>(one: ReadonlySet<T>, other: ReadonlySet<T>): boolean {
  return [...one].every((item) => other.has(item))
}

function equalSets<T>(one: ReadonlySet<T>, other: ReadonlySet<T>): boolean {
  return one.size === other.size && isWithin(one, other)
}

/** Whether both deny something that the other one has too, and not the same. */
function deniesAnother(text: Profile, entry: Profile): boolean {
  if (text.negations === 0 || entry.negations === 0) return false
  const [mine, yours] = [text.denied, entry.denied].map((denied) => [...denied])
  return (
    (mine as string[]).some((stem) => entry.stems.has(stem) && !entry.denied.has(stem)) &&
    (yours as string[]).some((stem) => text.stems.has(stem) && !text.denied.has(stem))
  )
}

/** Whether a word comes from where it went to, or belongs to somebody else. */
function changesRoles(text: Profile, entry: Profile): boolean {
  return [...text.roles].some(([stem, roles]) => {
    const others = entry.roles.get(stem)
    return others !== undefined && ![...roles].some((role) => others.has(role))
  })
}

/** One letter too many or too few, or two exchanged, in words long enough that it is hardly another word. */
function isMisspelling(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one]
  if (short.length < 6 || long.length - short.length > 1 || short[0] !== long[0]) return false
  let at = 0
  while (at < short.length && short[at] === long[at]) at += 1
  if (short.length < long.length) return short.slice(at) === long.slice(at + 1)
  return short[at] === long[at + 1] && short[at + 1] === long[at] && short.slice(at + 2) === long.slice(at + 2)
}
