import { maySpeakForOthers, unkept } from '../answer/admission.ts'
import type { StoredAnswer } from '../answer/stored-answer.ts'
import type { SemanticCacheParts } from '../cache/parts.ts'
import type { Ask, Evidence, Trial } from '../judge/verdict.ts'
import type { Neighbour } from '../nearest/vector-index.ts'
import type { Finder, NoSighting, Sighting } from './finder.ts'
import { changeIndex } from './index-writes.ts'

/** A near entry whose answer may be served. */
export interface Match {
  readonly entry: Neighbour
  readonly evidence: Evidence
  readonly trial: Trial
  readonly stored: StoredAnswer
}

/** Nothing to serve, with why, and with what may be learned from the model's answer. */
export interface NoMatch {
  readonly refused: Ask['reason'] | NoSighting | 'reported'
  readonly evidence: Evidence | undefined
  readonly ask: Ask | undefined
}

/** So many times an entry turns out not to be servable before the model is asked. */
const MOST_TRIES = 4

/**
 * The best near entry whose answer is still there, belongs to the same scope and was not called wrong for this request. Entries
 * whose answer is gone are deleted from the index, unless `peek`; while Redis is away, nobody knows whether it is gone.
 */
export async function match(
  sighting: Sighting,
  {
    finder,
    parts,
    chance,
    peek = false,
  }: { finder: Finder; parts: SemanticCacheParts; chance: number; peek?: boolean },
): Promise<Match | NoMatch> {
  let neighbours = sighting.neighbours
  let reported = false
  for (let tried = 0; tried < MOST_TRIES; tried++) {
    const verdict = finder.judge(sighting, neighbours, chance)
    if (verdict === undefined) return { refused: 'failure', evidence: undefined, ask: undefined }
    if (verdict.action === 'ask')
      return { refused: reported ? 'reported' : verdict.reason, evidence: verdict.evidence, ask: verdict }
    const { entry, evidence, trial } = verdict
    const found = await fetchFor(sighting, entry, parts)
    if (typeof found !== 'string') return { entry, evidence, trial, stored: found }
    reported ||= found === 'reported'
    if (found === 'gone' && !peek && parts.cache.health().status === 'ok') forget(sighting, entry, parts)
    neighbours = neighbours.filter(
      ({ id, answer }) => id !== entry.id && (found !== 'reported' || answer !== entry.answer),
    )
  }
  return { refused: reported ? 'reported' : 'failure', evidence: undefined, ask: undefined }
}

/** The answer of an entry, or why it must not be served for this request. */
async function fetchFor(
  { canonical, scope }: Sighting,
  entry: Neighbour,
  { answers, toolCalls }: SemanticCacheParts,
): Promise<StoredAnswer | 'gone' | 'reported'> {
  const { tenant, key } = canonical
  const [stored, refusal] = await Promise.all([
    answers.entries.get([tenant, entry.id]),
    answers.refusals.get([tenant, key, entry.answer]),
  ])
  if (refusal === true) return 'reported'
  if (stored === undefined || stored.scope !== scope) return 'gone'
  const { completion } = stored
  return unkept(completion, { toolCalls }) === undefined && maySpeakForOthers(completion) ? stored : 'gone'
}

function forget({ scope }: Sighting, { id }: Neighbour, parts: SemanticCacheParts): void {
  parts.telemetry.emit({ type: 'entry-dropped', id, cause: 'answer-gone' })
  void changeIndex(parts, (index, signal) => index.delete(scope, id, signal))
}
