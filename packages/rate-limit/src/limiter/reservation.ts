/** Charges whose true cost is known later. */
import type { Admitted } from './decision.ts'

/** Units by limit. */
export type Costs<Name extends string = string> = { readonly [N in Name]?: number }

/** An admitted call whose costs can still be corrected, and which holds its place until then. */
export interface Reservation<Name extends string = string> extends Admitted<Name> {
  /**
   * Says what the call really cost, and gives its place back. Limits that are not named keep what was reserved. The
   * difference counts from when the reservation was made, so it may leave the window at once, or exceed the limit: then the
   * next calls wait. Resolves to false, and changes nothing, when the reservation was settled before or has ended.
   *
   * @throws InvalidOption when a cost is no whole number from 0 to 2^31 - 1, or its limit unknown.
   */
  settle(actual?: Costs<Name>): Promise<boolean>
  /** Settles at a cost of 0: the call did not happen. */
  cancel(): Promise<boolean>
  /** Holds the place for another lease. Resolves to false when it is lost to others: stop what you are doing. */
  renew(): Promise<boolean>
}

/** What a reservation needs of its limit set. */
export interface ReservationWork {
  readonly costs: readonly number[]
  /** Reads costs, keeping `costs` where none is given. */
  readonly read: (actual: Costs) => readonly number[]
  readonly settle: (deltas: readonly number[]) => Promise<boolean>
  readonly renew: () => Promise<boolean>
}

/** Adds a reservation's verbs to its decision. */
export function reservationOf(decision: Admitted, { costs, read, settle, renew }: ReservationWork): Reservation {
  let settled: Promise<boolean> | undefined
  const finish = (final: readonly number[]) => {
    if (settled !== undefined) return Promise.resolve(false)
    settled = settle(final.map((cost, index) => cost - (costs[index] as number)))
    return settled
  }
  return {
    ...decision,
    settle: async (actual) => finish(actual === undefined ? costs : read(actual)),
    cancel: async () => finish(costs.map(() => 0)),
    renew: async () => (settled === undefined ? renew() : false),
  }
}
