/**
 * Streams that are made up, so that a bound can be tested on many of them and on what data sets do not show: answers that
 * change, texts that are nearly alike and ask for different things, an embedder that gets worse.
 *
 * An intent has words of its own and shares others with its topic; a request is a handful of them and some noise. A word has a
 * random vector and a text the sum of its words', blurred.
 */
import { type Stream, seeded } from './replay.ts'

/** What happens in a stream. */
export type Trouble =
  | 'none'
  /** Half-way, a share of all answers changes at once. */
  | 'flip'
  /** Answers change one after the other, all the time. */
  | 'decay'
  /** Half-way, most requests are about other intents, which lie nearer together. */
  | 'shift'
  /** From a third on, some requests are earlier ones with a word exchanged, and want another answer. */
  | 'exchange'
  /** From a third on, some requests are earlier ones word for word but for a filler, and want another answer. */
  | 'twins'
  /** Half-way, vectors get blurred. */
  | 'blur'

export const TROUBLES: readonly Trouble[] = ['none', 'flip', 'decay', 'shift', 'exchange', 'twins', 'blur']

interface Item {
  readonly text: string
  readonly answer: string
  readonly vector: Float32Array
}

interface World {
  readonly chance: () => number
  readonly trouble: Trouble
  readonly length: number
  readonly intents: readonly Intent[]
  /** How strong the trouble is, from 0 to 1. */
  readonly strength: number
  readonly blur: number
}

interface Intent {
  readonly name: string
  readonly words: readonly string[]
  readonly weight: number
  version: number
}

const DIMENSIONS = 64
const FILLERS = ['please', 'can you', 'how do i', 'what is', 'tell me', 'i want to']

/** A stream that is wholly given by its number. */
export function simulated(seed: number, trouble: Trouble, length: number): Stream {
  const chance = seeded(seed * 7_919 + 13)
  const intents = intentsOf(chance, 20 + Math.floor(chance() * 180))
  const world: World = { chance, trouble, length, intents, strength: chance(), blur: 0.15 + 0.35 * chance() }
  const items: Item[] = []
  for (let at = 0; at < length; at++) items.push(next(world, items))
  const item = (at: number) => items[at] as Item
  return {
    length,
    text: (at) => item(at).text,
    answer: (at) => item(at).answer,
    similarity: (at, earlier) => cosine(item(at).vector, item(earlier).vector),
  }
}

function intentsOf(chance: () => number, count: number): readonly Intent[] {
  const skew = chance()
  const topics = Math.max(3, Math.floor(count / (3 + 7 * chance())))
  const topicWords = Array.from({ length: topics }, (_, topic) =>
    Array.from({ length: 6 }, (_, at) => `topic${topic}word${'abcdef'[at]}`),
  )
  return Array.from({ length: count }, (_, at) => ({
    name: `intent ${at}`,
    words: [
      ...Array.from({ length: 7 }, (_, word) => `own${letters(at)}${'abcdefg'[word]}`),
      ...(topicWords[at % topics] ?? []),
    ].map((word) => word.replace(/\d/g, (digit) => 'ghijklmnop'[Number(digit)] ?? '')),
    weight: 1 / (1 + at) ** skew,
    version: 0,
  }))
}

function next(world: World, before: readonly Item[]): Item {
  const { chance, trouble, length, strength } = world
  const progress = before.length / length
  const isLate = progress >= 0.5
  if (trouble === 'flip' && before.length === Math.floor(length / 2)) {
    for (const intent of world.intents) if (chance() < 0.1 + 0.6 * strength) intent.version += 1
  }
  const intent = pick(world, trouble === 'shift' && isLate)
  if (trouble === 'decay' && chance() < 0.002 + 0.02 * strength) intent.version += 1
  const isAttack =
    (trouble === 'exchange' || trouble === 'twins') && progress >= 1 / 3 && chance() < 0.05 + 0.3 * strength
  const victim = isAttack ? before[Math.floor(chance() * before.length)] : undefined
  const words = victim === undefined ? wordsOf(intent, chance) : attack(victim.text.split(' '), trouble, chance)
  const text = words.join(' ')
  const blur = world.blur * (trouble === 'blur' && isLate ? 1.5 + strength : 1)
  const answer = victim === undefined ? `${intent.name} v${intent.version}` : `only ${before.length}`
  return { text, answer, vector: vectorOf(text, blur, chance) }
}

function pick({ intents, chance }: World, isShifted: boolean): Intent {
  const from = isShifted && chance() < 0.8 ? intents.slice(Math.floor(intents.length / 2)) : intents
  const total = from.reduce((sum, { weight }) => sum + weight, 0)
  const mark = chance() * total
  let sum = 0
  for (const intent of from) {
    sum += intent.weight
    if (sum > mark) return intent
  }
  return from[0] as Intent
}

function wordsOf({ words }: Intent, chance: () => number): string[] {
  const count = 3 + Math.floor(chance() * 4)
  const chosen = Array.from({ length: count }, () => words[Math.floor(chance() ** 1.3 * words.length)] as string)
  const noise = chance() < 0.4 ? [`noise${letters(Math.floor(chance() * 400))}`] : []
  return [FILLERS[Math.floor(chance() * FILLERS.length)] as string, ...new Set([...chosen, ...noise])]
}

function attack(words: readonly string[], trouble: Trouble, chance: () => number): string[] {
  if (trouble === 'twins') return ['okay', ...words]
  const at = Math.floor(chance() * words.length)
  return words.map((word, place) => (place === at ? `other${letters(Math.floor(chance() * 200))}` : word))
}

function letters(count: number): string {
  return count.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)] ?? '')
}

const vectors = new Map<string, Float32Array>()

function vectorOf(text: string, blur: number, chance: () => number): Float32Array {
  const sum = new Float32Array(DIMENSIONS)
  for (const word of text.split(' ')) {
    const weight = word.length > 4 ? 1 : 0.3
    for (const [at, value] of wordVector(word).entries()) sum[at] = (sum[at] as number) + weight * value
  }
  const length = Math.hypot(...sum)
  for (let at = 0; at < DIMENSIONS; at++)
    sum[at] = (sum[at] as number) / length + (blur * gauss(chance)) / Math.sqrt(DIMENSIONS)
  const blurred = Math.hypot(...sum)
  return sum.map((value) => value / blurred)
}

function wordVector(word: string): Float32Array {
  const known = vectors.get(word)
  if (known !== undefined) return known
  let hash = 0
  for (const letter of word) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193)
  const chance = seeded(hash)
  const vector = Float32Array.from({ length: DIMENSIONS }, () => gauss(chance) / Math.sqrt(DIMENSIONS))
  vectors.set(word, vector)
  return vector
}

function gauss(chance: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance())
}

function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let at = 0; at < DIMENSIONS; at++) sum += (a[at] as number) * (b[at] as number)
  return sum
}
