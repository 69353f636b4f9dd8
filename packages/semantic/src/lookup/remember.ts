import { maySpeakForOthers } from '../answer/admission.ts'
import { answerText } from '../answer/chat-completion.ts'
import type { StoredAnswer } from '../answer/stored-answer.ts'
import type { SemanticCacheParts } from '../cache/parts.ts'
import { within } from '../cache/within.ts'
import type { Ask } from '../judge/verdict.ts'
import type { Neighbour } from '../nearest/vector-index.ts'
import type { Finder, Sighting } from './finder.ts'
import { changeIndex } from './index-writes.ts'
import { answerDigest } from './turn-links.ts'

/**
 * After the model was asked: compares its answer with those of near entries, tells the judge, links equals, and adds the request
 * to the index. Nobody waits for it, and what fails in it costs hits and nothing else.
 *
 * @returns whether the request is in the index.
 */
export async function remember(
  sighting: Sighting,
  ask: Ask | undefined,
  { stored, finder, parts }: { stored: StoredAnswer; finder: Finder; parts: SemanticCacheParts },
): Promise<boolean> {
  const { canonical, scope, text, vector } = sighting
  const answer = answerText(stored.completion)
  if (stored.unkept !== undefined || answer === undefined || !maySpeakForOthers(stored.completion)) return false
  const equal = ask === undefined ? undefined : await equalEntry(sighting, ask, { answer, finder, parts })
  if (equal !== undefined) {
    await linkTurns(sighting, stored, { answer, equal: equal.stored, parts })
    await join(sighting, equal, parts)
  }
  const entry = { id: canonical.key, text, vector, answer: equal?.entry.answer ?? canonical.key, tags: stored.tags }
  return changeIndex(parts, (index, signal) => index.add(scope, entry, parts.indexTtl, signal))
}

interface Equal {
  readonly entry: Neighbour
  readonly stored: StoredAnswer
  /** Answer ids of other entries whose answers are equal too: three texts, one answer. */
  readonly others: ReadonlySet<string>
}

/** Gives near entries of equal answers one answer id, so that they no longer look like rivals. */
async function join(
  { scope, neighbours }: Sighting,
  { entry, others }: Equal,
  parts: SemanticCacheParts,
): Promise<void> {
  for (const { id, answer } of neighbours) {
    if (others.has(answer)) await changeIndex(parts, (index, signal) => index.relink(scope, id, entry.answer, signal))
  }
}

/** The nearest entry whose answer is equal to the new one; the judge is told of the one it asked about. */
async function equalEntry(
  { canonical, scope, text }: Sighting,
  { compare, trial }: Ask,
  { answer, finder, parts }: { answer: string; finder: Finder; parts: SemanticCacheParts },
): Promise<Equal | undefined> {
  let equal: Omit<Equal, 'others'> | undefined
  const others = new Set<string>()
  for (const entry of compare) {
    const stored = await parts.answers.entries.get([canonical.tenant, entry.id])
    const nearAnswer = stored === undefined || stored.scope !== scope ? undefined : answerText(stored.completion)
    if (stored === undefined || nearAnswer === undefined) continue
    const found = await compared({ text, answer, nearText: entry.text, nearAnswer }, { finder, parts })
    if (found === 'unknown') continue
    if (trial?.entry === entry.id) parts.learner.learn({ trial, correct: found === 'same', source: 'comparison' })
    if (found !== 'same') continue
    if (equal === undefined) equal = { entry, stored }
    else others.add(entry.answer)
  }
  return equal && { ...equal, others }
}

async function compared(
  pair: Parameters<SemanticCacheParts['compare']>[0],
  { finder, parts }: { finder: Finder; parts: SemanticCacheParts },
): Promise<'same' | 'different' | 'unknown'> {
  try {
    return await within(parts.clock, parts.deadlines.compare, (signal) => parts.compare(pair, signal))
  } catch (cause) {
    finder.failed('comparison', cause)
    return 'unknown'
  }
}

/** Writes down that two turns were found to have equal answers, for conversations that go on from them. */
async function linkTurns(
  { canonical, turn }: Sighting,
  { tags }: StoredAnswer,
  { answer, equal, parts }: { answer: string; equal: StoredAnswer; parts: SemanticCacheParts },
): Promise<void> {
  const said = answerText(equal.completion)
  if (parts.rules.context !== 'chain' || turn === '' || equal.turn === '' || said === undefined || turn === equal.turn)
    return
  const { links } = parts.answers
  const own = { to: equal.turn, said: answerDigest(said) }
  const farther = await links.get([canonical.tenant, equal.turn])
  const target = farther !== undefined && farther.heard === own.said ? { to: farther.to, said: farther.said } : own
  if (target.to === turn) return
  await links.set([canonical.tenant, turn], { ...target, heard: answerDigest(answer), tags })
}
