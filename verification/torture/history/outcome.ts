import type { Coverage } from './coverage.ts'
import type { Violation } from './violation.ts'

/** What the run of a schedule showed. */
export interface Outcome {
  readonly violations: readonly Violation[]
  readonly reads: number
  readonly coverage: Coverage
}
