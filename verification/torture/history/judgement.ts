import type { Cause, Tier } from './record.ts'
import type { ViolationKind } from './violation.ts'

/** A version below which no read may fall, and what made it so. */
export interface Obligation {
  readonly version: number
  readonly cause: Cause
}

/** What a read must at least return, by the way it was answered. */
export interface Expectations {
  /** Its own process has invalidated older ones. */
  readonly own: Obligation | undefined
  /** Some process has, and it was delivered. */
  readonly delivered: Obligation | undefined
  /** Delivered longer ago than memory may lag. */
  readonly lagged: Obligation | undefined
  /** The visitor who asks has written or seen it, here or in another process. */
  readonly marked: Obligation | undefined
}

/** An answer as it is judged. */
export interface Answered {
  readonly what: string
  readonly version: number
  readonly mayLag: boolean
  readonly tier: Tier | undefined
}

/** Holds an answer against what was due when it was asked for; undefined when it was kept. */
export function judge(
  { what, version, mayLag, tier }: Answered,
  due: Expectations,
): { readonly kind: ViolationKind; readonly what: string } | undefined {
  const elsewhere = mayLag ? due.lagged : due.delivered
  for (const [promise, who] of [
    [due.own, 'this process'],
    [due.marked, 'this visitor knew that somebody'],
    [elsewhere, mayLag ? 'a process, longer ago than maxStaleness' : 'a process'],
  ] as const) {
    if (promise === undefined || version >= promise.version) continue
    return {
      kind: kindOf(promise.cause, tier),
      what: `${what} got version ${version} from ${tier ?? 'unknown'}; ${who} had invalidated everything before ${promise.version} (${promise.cause})`,
    }
  }
  return undefined
}

function kindOf(cause: Cause, tier: Tier | undefined): ViolationKind {
  if (cause === 'set' || cause === 'put') return 'lost-update'
  return cause === 'tag' && tier === 'l2' ? 'resurrected-tag' : 'stale-after-invalidate'
}
