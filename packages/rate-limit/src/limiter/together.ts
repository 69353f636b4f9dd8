/** One call, several subjects. */
import type { Refused } from './decision.ts'
import type { LimitSet } from './limit-set.ts'
import type { Costs, Reservation } from './reservation.ts'

/** A subject that a call belongs to. */
export interface JointCall {
  readonly set: LimitSet
  readonly subject: string
  readonly costs?: Costs
}

/** A call that all its subjects admitted. */
export interface JointReservation {
  readonly ok: true
  /** One per subject, in the order they were given. */
  readonly reservations: readonly Reservation[]
  /** Settles all of them, at what the call really cost each of them. */
  settle(actual?: readonly (Costs | undefined)[]): Promise<void>
  /** Settles all of them at 0. */
  cancel(): Promise<void>
}

/** A call that one of its subjects refused. Nothing was charged. */
export interface JointRefusal {
  readonly ok: false
  /** Why. */
  readonly refusal: Refused
}

/** Reserves in the order given; on a refusal takes back what was reserved. */
export async function reserveJointly(calls: readonly JointCall[]): Promise<JointReservation | JointRefusal> {
  const reservations: Reservation[] = []
  const cancel = async () => {
    await Promise.all(reservations.map((reservation) => reservation.cancel()))
  }
  try {
    for (const { set, subject, costs } of calls) {
      const reservation = await set.reserve(subject, costs)
      if (!reservation.ok) {
        await cancel()
        return { ok: false, refusal: reservation }
      }
      reservations.push(reservation)
    }
  } catch (error) {
    await cancel()
    throw error
  }
  const settle = async (actual: readonly (Costs | undefined)[] = []) => {
    await Promise.all(reservations.map((reservation, index) => reservation.settle(actual[index])))
  }
  return { ok: true, reservations, settle, cancel }
}
