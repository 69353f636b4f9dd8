import { tagDigest } from '@granary/serialization'
import { CacheClosed, InvalidationNotDelivered } from '../errors.ts'
import { transactionOf } from '../flight/call-scope.ts'
import { formatBookmark } from '../invalidation/bookmark.ts'
import type { ClockReading } from '../invalidation/clock-reading.ts'
import { followingOf } from '../invalidation/following.ts'
import { applyLocally, NAME_MEMBER } from '../invalidation/local-effects.ts'
import { EVERYTHING } from '../invalidation/outbound-queue.ts'
import type { InvalidationSummary } from '../telemetry/event.ts'
import type { Engine } from './engine.ts'
import { countFailure } from './redis-failure.ts'
import type { Address, RemoteTier, Targets, Undelivered } from './remote.ts'

/** What became of an invalidation: in force everywhere, or in force here and queued for Redis. */
export type Receipt =
  | {
      readonly delivered: true
      /** Marks it for `cache.follow`, on this node or another; undefined when there is no Redis, and so no other node. */
      readonly bookmark?: string
    }
  | { readonly delivered: false; readonly queued: true }

/** The receipt of what Redis took, which the calling code follows from now on. */
export function receiptOf({ owner, clock }: Engine, reading: ClockReading | undefined): Receipt {
  if (reading === undefined) return { delivered: true }
  followingOf(owner)?.wrote(reading, clock.now())
  return { delivered: true, bookmark: formatBookmark({ ...reading, queued: false }) }
}

/** What to invalidate, in the user's words. */
export interface InvalidationRequest {
  readonly addresses: readonly Address[]
  readonly tags: readonly string[]
  readonly names: readonly string[]
  readonly namespace: boolean
}

/** More keys or members than this go in several scripts, so that none keeps Redis busy for long. */
const LARGEST_BUMP = 1_000

/**
 * Invalidates here at once and everywhere through Redis; inside a transaction of the cache, when it commits.
 *
 * Locally it is an event at the call and another at the reply, and pending in between: what begins meanwhile may still read
 * the old value and must not stay in memory. What this process has set before is executed first, or never.
 *
 * @throws InvalidationNotDelivered when `required` and Redis did not take it; it then holds here and stays queued.
 */
export async function invalidate(engine: Engine, request: InvalidationRequest, required = false): Promise<Receipt> {
  if (engine.settings.closed) throw new CacheClosed()
  const targets = targetsOf(request)
  const transaction = transactionOf(engine.owner)
  if (transaction === undefined) return sendTargets(engine, targets, required)
  transaction.collect(targets)
  transaction.required ||= required
  return { delivered: false, queued: true }
}

/** The same for what travels, whatever transaction is open. */
export async function sendTargets(engine: Engine, targets: Targets, required = false): Promise<Receipt> {
  if (engine.settings.closed) throw new CacheClosed()
  applyLocally(engine, targets)
  const { remote, fences, telemetry } = engine
  if (remote === undefined) {
    tell(true)
    return { delivered: true }
  }
  const scopes = [...targets.keys.map(({ key }) => key), ...targets.members]
  fences.begin(scopes)
  let failure: unknown
  let reading: ClockReading | undefined
  try {
    if (engine.writes.size > 0) await engine.writes.settled(targets.keys.map(({ key }) => key))
    if (!remote.isOpen) await remote.untilFirstOpen(engine.settings.firstConnection)
    const sent = await send(remote, targets)
    reading = sent.reading
    if (sent.left !== undefined) {
      failure = sent.left.cause
      countFailure(engine, failure)
      engine.queue.add({ keys: sent.left.keys, members: [] })
      followingOf(engine.owner)?.queued(engine)
    }
  } catch (cause) {
    failure = cause ?? new Error('unknown')
    countFailure(engine, failure)
    engine.queue.add(targets)
    followingOf(engine.owner)?.queued(engine)
    remote.distrust(cause)
  }
  applyLocally(engine, targets)
  fences.end(scopes)
  tell(failure === undefined)
  if (failure === undefined) return receiptOf(engine, reading)
  if (required) throw new InvalidationNotDelivered(failure)
  return { delivered: false, queued: true }

  function tell(delivered: boolean): void {
    if (telemetry.wants('invalidation-sent'))
      telemetry.emit({ type: 'invalidation-sent', targets: summaryOf(targets), delivered })
  }
}

/** Sends an invalidation in as many scripts as it needs; answers the clock after them, and what a part of Redis did not take. */
async function send(
  remote: RemoteTier,
  { keys, members }: Targets,
): Promise<{ reading: ClockReading | undefined; left: Undelivered | undefined }> {
  let reading: ClockReading | undefined
  let left: Undelivered | undefined
  for (let at = 0; at < Math.max(keys.length, members.length); at += LARGEST_BUMP) {
    const part = { keys: keys.slice(at, at + LARGEST_BUMP), members: members.slice(at, at + LARGEST_BUMP) }
    const sent = await remote.invalidate(part)
    reading = sent.reading
    if (sent.left !== undefined) left = { ...sent.left, keys: [...(left?.keys ?? []), ...sent.left.keys] }
  }
  return { reading, left }
}

/** What an invalidation names, counted. */
export function summaryOf({ keys, members }: Targets): InvalidationSummary {
  const names = members
    .filter((member) => member.startsWith(NAME_MEMBER))
    .map((member) => member.slice(NAME_MEMBER.length))
  const namespace = members.includes(EVERYTHING)
  return { keys: keys.length, tags: members.length - names.length - (namespace ? 1 : 0), names, namespace }
}

function targetsOf({ addresses, tags, names, namespace }: InvalidationRequest): Targets {
  const members = [
    ...tags.map(tagDigest),
    ...names.map((name) => NAME_MEMBER + name),
    ...(namespace ? [EVERYTHING] : []),
  ]
  return { keys: addresses, members: [...new Set(members)] }
}
