import { type Duration, InvalidOption, parseDuration } from '@granary/core'
import type { Lifetimes } from './cache/answers.ts'
import type { Deadlines } from './cache/parts.ts'
import { learnedJudge } from './judge/learned-judge.ts'
import { thresholdJudge } from './judge/threshold-judge.ts'
import type { Judge } from './judge/verdict.ts'
import type { AnswerOptions, Match, RequestOptions, SemanticCacheOptions } from './options.ts'
import type { RequestRules } from './request/canonical-request.ts'
import { IGNORED_PARAMETERS } from './request/ignored-parameters.ts'
import { isVolatile } from './request/wording.ts'
import type { RecordingLimits } from './stream/live-stream.ts'
import { checkPacing } from './stream/replay.ts'

/**
 * Refuses options that no semantic cache can have, before there is one.
 *
 * @throws InvalidOption naming the option, its value and what is allowed.
 */
export function checkOptions(options: Omit<SemanticCacheOptions, 'cache'>): void {
  const { match, embedder, pacing = {} } = options
  readMatch(match)
  readRules(options, embedder?.id ?? '')
  readLifetimes(options)
  readDeadlines(options.deadlines)
  readRecording(options.recording)
  readFeedback(options.feedback)
  checkPacing(pacing)
}

const CONTEXTS = ['none', 'chain', 'exact'] as const

const DEFAULT_MATCH: Match = { maxWrongPerHit: 0.02 }

/**
 * The judge of a match.
 *
 * @throws InvalidOption when it is none.
 */
export function readMatch(match: Match = DEFAULT_MATCH): Judge {
  if (typeof match === 'object' && match !== null) {
    if ('threshold' in match) return thresholdJudge(match.threshold)
    if ('maxWrongPerHit' in match) return learnedJudge(match)
    if (typeof match.judge === 'function') return match
  }
  throw new InvalidOption('match', match, 'it is { maxWrongPerHit }, { threshold } or a judge')
}

/**
 * How requests are read.
 *
 * @throws InvalidOption when an option that concerns requests cannot be used.
 */
export function readRules(options: RequestOptions, embedder: string): RequestRules {
  const { partition, ignore = IGNORED_PARAMETERS, context = 'exact', variables } = options
  const { temperatureGate = 0.3, defaultTemperature = 1 } = options
  if (partition !== 'shared' && typeof partition !== 'function')
    throw new InvalidOption('partition', partition, `it is a function of the request, or 'shared'`)
  if (
    !Array.isArray(ignore) ||
    ignore.some((each) => typeof each !== 'string' || each === 'model' || each === 'messages')
  )
    throw new InvalidOption('ignore', ignore, 'it is a list of parameter names, without model and messages')
  if (!CONTEXTS.includes(context)) throw new InvalidOption('context', context, `it is one of ${CONTEXTS.join(', ')}`)
  checkFunction('variables', variables)
  checkFunction('isVolatile', options.isVolatile)
  checkTemperature('temperatureGate', temperatureGate)
  checkTemperature('defaultTemperature', defaultTemperature)
  return {
    partition,
    ignored: new Set(ignore),
    context,
    variables,
    temperatureGate,
    defaultTemperature,
    isVolatile: options.isVolatile ?? isVolatile,
    embedder,
  }
}

/** Lifetimes as the cache beneath wants them, and that of index entries in milliseconds. */
export function readLifetimes({
  ttl,
  volatileTtl,
  feedback = {},
  tags,
  price,
}: AnswerOptions): Lifetimes & { indexTtl: number } {
  checkFunction('tags', tags)
  checkFunction('price', price)
  const milliseconds = parseDuration(ttl, 'ttl')
  if (volatileTtl !== undefined) parseDuration(volatileTtl, 'volatileTtl')
  parseDuration(feedback.within ?? '1d', 'feedback: within')
  return {
    ttl,
    volatileTtl: volatileTtl ?? (milliseconds < 60_000 ? ttl : '1m'),
    feedbackTtl: feedback.within ?? '1d',
    // An answer may live a little longer than its ttl, by the jitter of the cache beneath.
    indexTtl: milliseconds * 1.5,
  }
}

/**
 * Deadlines in milliseconds.
 *
 * @throws InvalidOption when a deadline is no duration.
 */
export function readDeadlines(given: SemanticCacheOptions['deadlines'] = {}): Deadlines {
  const read = (name: keyof Deadlines, usual: Duration) => parseDuration(given[name] ?? usual, `deadlines: ${name}`)
  return {
    embed: read('embed', '500ms'),
    search: read('search', '100ms'),
    write: read('write', '1s'),
    compare: read('compare', '30s'),
    labels: read('labels', '2s'),
  }
}

/**
 * Bounds of recordings.
 *
 * @throws InvalidOption when a bound is none.
 */
export function readRecording({
  maxBytes = 8 * 2 ** 20,
  stallAfter = '5s',
}: AnswerOptions['recording'] = {}): RecordingLimits {
  if (!Number.isInteger(maxBytes) || maxBytes < 0)
    throw new InvalidOption('recording: maxBytes', maxBytes, 'it is a whole number of bytes; 0 records nothing')
  return { maxBytes, stallAfter: parseDuration(stallAfter, 'recording: stallAfter') }
}

/**
 * How many bad reports drop an answer.
 *
 * @throws InvalidOption when the number is out of its range.
 */
export function readFeedback({ dropAfter = 2 }: AnswerOptions['feedback'] = {}): number {
  if (!Number.isInteger(dropAfter) || dropAfter < 1 || dropAfter > 100)
    throw new InvalidOption('feedback: dropAfter', dropAfter, 'it is a whole number from 1 to 100')
  return dropAfter
}

function checkFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw new InvalidOption(option, value, 'it is a function')
}

function checkTemperature(option: string, value: unknown): void {
  if (typeof value !== 'number' || !(value >= 0 && value <= 2))
    throw new InvalidOption(option, value, 'it is a temperature from 0 to 2')
}
