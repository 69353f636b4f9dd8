/** Ways to break the guarantee. */
export type ViolationKind =
  | 'stale-after-invalidate'
  | 'lost-update'
  | 'resurrected-tag'
  | 'stale-at-rest'
  | 'undelivered'
  | 'wrong-key'
  | 'wrong-type'
  | 'error-to-caller'
  | 'second-load'
  | 'served-too-old'
  | 'waited-too-long'
  | 'hang'
  | 'unsettled'
  | 'clock-went-back'
  | 'unbounded'
  | 'never-expires'
  | 'deferred-without-need'

/** One broken promise. */
export interface Violation {
  readonly kind: ViolationKind
  readonly at: number
  readonly what: string
}
