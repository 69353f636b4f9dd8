/** Microseconds, the unit of every time and length inside the rules: Redis TIME has that resolution. */
export type Micros = number

/** What one rule says about one call, in the terms its state is kept in. */
export interface Verdict {
  /** Whether the cost fits. */
  readonly ok: boolean
  /** How many units fit now, before this call is charged; never below 0. */
  readonly remaining: number
  /** Microseconds until this cost will fit if nothing else is admitted: 0 when it fits, {@link NEVER} when it cannot. */
  readonly retry: Micros
  /** Microseconds until more units come back; 0 when none are used. */
  readonly reset: Micros
}

/** The `retry` of a cost above the whole limit. */
export const NEVER = -1
