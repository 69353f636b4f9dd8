/** The namespace's clock as a read saw it. */
export interface ClockReading {
  readonly incarnation: number
  /** Tag clock: advanced by tag, name and namespace invalidations. */
  readonly tagClock: number
  /** Bus sequence: advanced by every invalidation. */
  readonly sequence: number
}

/** The clock as a read saw it, with the mark by which frames of its incarnation are known. */
export interface MarkedReading extends ClockReading {
  readonly mark: Uint8Array
}
