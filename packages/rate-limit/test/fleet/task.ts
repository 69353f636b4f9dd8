import type { Duration } from '@granary/core'

/** What a process of a fleet is to do. */
export interface Task {
  readonly kind: 'calls' | 'places' | 'die'
  readonly url: string
  readonly processes: number
  readonly limit: number
  /** The window, or the lease. */
  readonly length: Duration
  readonly inFlight: number
  readonly deadline: Duration
  /** How long to go on, at least. */
  readonly milliseconds: number
  /** What each of those in flight does, at least: on a busy machine, time alone would end before anything happened. */
  readonly rounds: number
}

/** An admission, in microseconds of the server's clock. */
export interface Admission {
  readonly at: number
  readonly source: string
}

/** A place that was held, in microseconds: from the word of whoever gave it, to just before it was given back. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly source: string
}

/** What came of it. */
export interface WorkerReport {
  readonly admissions: Admission[]
  readonly spans: Span[]
  calls: number
  /** Milliseconds of the slowest decision, less what the process itself stood still. */
  slowest: number
}
