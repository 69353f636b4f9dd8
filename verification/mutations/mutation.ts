import type { Fault } from '../torture/schedule/faults.ts'
import type { Patch } from './patch.ts'

/** A way to break the engine on purpose. The torture has to notice. */
export interface Mutation {
  readonly name: string
  readonly patches: readonly Patch[]
  /** Faults under which it shows; empty: in calm weather. */
  readonly faults: readonly Fault[]
}
