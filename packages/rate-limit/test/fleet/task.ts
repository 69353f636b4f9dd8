import type { Duration } from '@granary/core'

/** What a process of a fleet is to do. */
export interface Task {
  readonly kind: 'calls' | 'places' | 'die'
  readonly url: string
  readonly processes: number
  readonly limit: number
  /** The window, or the lease. */
  readonly length: string
  readonly inFlight: number
  readonly deadline: Duration
  readonly milliseconds: number
}

/** An admission, in microseconds of the server's clock. */
export interface Admission {
  readonly at: number
  readonly source: string
}

/** What came of it. */
export interface WorkerReport {
  readonly admissions: Admission[]
  /** Times for which a place was held, in microseconds: from the server's word, to just before it was given back. */
  readonly spans: { readonly from: number; readonly to: number }[]
  calls: number
  /** Milliseconds of the slowest decision, less what the process itself stood still. */
  slowest: number
}
