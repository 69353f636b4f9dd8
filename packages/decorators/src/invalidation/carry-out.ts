import type { Cache, InvalidateTargets } from '@granary/core'
import { InvalidationFailed } from '../errors.ts'
import type { Aim, AimedInvalidator, FinishedCall } from './invalidators.ts'

/** The invalidators of one decorator, knowing their caches. */
export interface AimedPlan {
  readonly where: string
  readonly required: boolean
  readonly invalidators: readonly AimedInvalidator[]
}

/** One message to one cache. */
interface Message extends Aim {
  readonly required: boolean
}

/**
 * Carries out everything that the decorators of one method invalidate: each cache gets one message. Every invalidator is
 * asked and every message is sent, whatever becomes of the others; then the failures are told, all at once.
 *
 * @throws InvalidationFailed with what each failed one threw.
 */
export async function carryOut(plans: readonly AimedPlan[], call: FinishedCall): Promise<void> {
  const errors: unknown[] = []
  const aims: Message[] = []
  for (const { required, invalidators } of plans) {
    for (const invalidator of invalidators) {
      try {
        aims.push({ ...invalidator(call), required })
      } catch (error) {
        errors.push(error)
      }
    }
  }
  const sent = await Promise.allSettled(
    merge(aims).map(async ({ cache, targets, required }) => cache.invalidate(targets, { required })),
  )
  for (const each of sent) if (each.status === 'rejected') errors.push(each.reason)
  if (errors.length > 0) throw new InvalidationFailed(plans[0]?.where ?? '', errors, call.result)
}

/** Everything for one cache in one message; what is required goes apart from what is not. */
function merge(aims: readonly Message[]): readonly Message[] {
  const messages = new Map<Cache, Map<boolean, Aim[]>>()
  for (const aim of aims) {
    const ofCache = messages.get(aim.cache) ?? new Map<boolean, Aim[]>()
    messages.set(aim.cache, ofCache)
    ofCache.set(aim.required, [...(ofCache.get(aim.required) ?? []), aim])
  }
  return [...messages].flatMap(([cache, ofCache]) =>
    [...ofCache].map(([required, parts]) => ({
      cache,
      required,
      targets: together(parts.map(({ targets }) => targets)),
    })),
  )
}

function together(parts: readonly InvalidateTargets[]): InvalidateTargets {
  return {
    tags: [...new Set(parts.flatMap(({ tags = [] }) => tags))],
    names: [...new Set(parts.flatMap(({ names = [] }) => names))],
    entries: parts.flatMap(({ entries = [] }) => entries),
  }
}
