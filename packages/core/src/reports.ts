import type { CallReport } from './flight/call-scope.ts'

/** What one call was answered with, and from where. */
export interface Observed<V> extends CallReport {
  readonly value: V
}

/** The state of a cache for a health route. */
export interface Health {
  /** `ok`, or `degraded` while a configured Redis is not in use. */
  readonly status: 'ok' | 'degraded' | 'closed'
  readonly redis: 'open' | 'connecting' | 'away' | 'none'
  readonly reason: string | undefined
  /** Unix milliseconds. */
  readonly since: number | undefined
  readonly queued: number
}

/** What a test may ask about the inside: everything is 0 when nothing runs. */
export interface Inspection {
  readonly flights: number
  readonly background: number
  readonly puts: number
  readonly queued: number
}
