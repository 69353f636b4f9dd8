import { type Following, followingOf } from '../invalidation/following.ts'
import { type Keying, type LocalKey, textOfLocal } from '../key/keying.ts'
import type { ResolvedPolicy } from '../options/resolve-policy.ts'
import type { NameCounters } from '../telemetry/stats.ts'
import type { Segment } from '../tiers/segment.ts'
import type { Engine } from './engine.ts'
import type { Address } from './remote.ts'

/** One name of a cache: its policy, its keys, its entries and its counters. */
export interface NameState {
  readonly engine: Engine
  readonly policy: ResolvedPolicy
  readonly keying: Keying
  readonly segment: Segment
  readonly counters: NameCounters
  /** `namespace:name:version:` */
  readonly prefix: string
  /** The tag members that every entry of the name depends on: the name, and the namespace. */
  readonly members: readonly string[]
}

/** One call: which entry, and how to load it. */
export interface Operation extends Address {
  readonly engine: Engine
  readonly state: NameState
  readonly policy: ResolvedPolicy
  readonly args: readonly unknown[]
  readonly self: unknown
  readonly local: LocalKey
  readonly loader: () => unknown
  /** What the caller must see at least; undefined when it follows nothing. */
  readonly following: Following | undefined
  /** Told when the flight begins to wait for another process: a batch does not wait with it. */
  readonly onWaiting?: () => void
}

/** Plans a call. */
export function planOperation(
  state: NameState,
  args: readonly unknown[],
  loader: () => unknown,
  self: unknown,
): Operation {
  const local = state.keying.local(args, self)
  const text = textOfLocal(local)
  return {
    engine: state.engine,
    state,
    policy: state.policy,
    args,
    self,
    loader,
    following: followingOf(state.engine.owner),
    local,
    key: state.prefix + text,
    label: state.segment.label,
    text,
  }
}

/** Whether memory, and what began earlier, must not answer this call: by its policy, or by what its caller follows. */
export function isStrict({ policy, following, engine }: Operation): boolean {
  return policy.strong || following?.isBehind(engine) === true
}

/** The same entry under a text computed elsewhere: another pepper's, for invalidating across a rotation. */
export function addressesOf(state: NameState, args: readonly unknown[], self: unknown): readonly Address[] {
  return state.keying.texts(args, self).map((text) => ({ key: state.prefix + text, label: state.segment.label, text }))
}
