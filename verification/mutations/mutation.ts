import type { Fault } from '../torture/schedule/faults.ts'
import type { Mode } from '../torture/schedule/modes.ts'
import type { Patch } from './patch.ts'

/** A way to break the engine on purpose. The torture has to notice. */
export interface Mutation {
  readonly name: string
  readonly patches: readonly Patch[]
  /** Faults under which it shows; empty: in calm weather. */
  readonly faults: readonly Fault[]
  /** The mode that it breaks; undefined: any. */
  readonly mode?: Mode
}
