import type { Fault } from '../torture/schedule/faults.ts'
import type { Mode } from '../torture/schedule/modes.ts'
import type { Patch } from './patch.ts'

/** A test by its file, from the root, and a part of its name. */
export interface NamedTest {
  readonly file: string
  readonly name: string
}

/** A way to break the engine on purpose. The torture has to notice. */
export interface Mutation {
  readonly name: string
  readonly patches: readonly Patch[]
  /** Faults under which it shows; empty: in calm weather. */
  readonly faults: readonly Fault[]
  /** The mode that it breaks; undefined: any. */
  readonly mode?: Mode
  /** The test that has to notice, where nothing in the simulated world does: there is no cluster, and sets of a key take turns. */
  readonly test?: NamedTest
}
