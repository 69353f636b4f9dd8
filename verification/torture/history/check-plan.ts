import { LONGEST_BRIEF, MAX_STALENESS } from '../application/entries.ts'
import { MODES } from '../schedule/modes.ts'
import { isApplication, isCalm, type Schedule } from '../schedule/schedule.ts'
import type { CheckPlan } from './checker.ts'

/** How patient a world is. */
export interface Patience {
  /** How long a lease lives without its holder, in milliseconds. */
  readonly leaseTime: number
  /** In calm weather a stored value reaches its waiters within this. */
  readonly lateWake: number
  /** What a busy machine may add to a wait. */
  readonly slack: number
  /** When every process has made its first connection, if nothing is wrong; undefined when no such promise is checked. */
  readonly connectedAt: number | undefined
  /** How much older than its policy allows an answer may be in calm weather; undefined when that is not checked. */
  readonly tooOld: number | undefined
}

/** What a schedule lets the checker expect. */
export function planChecks(
  schedule: Schedule,
  { leaseTime, lateWake, slack, connectedAt, tooOld }: Patience,
): CheckPlan {
  const { steps } = schedule
  const loads = steps.flatMap(({ action }) => ('load' in action ? [action.load] : []))
  const calm = isCalm(schedule)
  const fails = loads.some((load) => load.fails)
  const onlyMemoryIsWrong = steps.every(({ action }) => isApplication(action) || action.kind === 'full')
  // A write-through, a load that fails, and an own one.
  const holders = steps.some(({ action }) => action.kind === 'put') ? 3 : 2
  return {
    maxStaleness: MAX_STALENESS,
    calm,
    oneLoad: calm && !fails && !steps.some(({ action }) => action.kind === 'refresh'),
    mustDeliverFrom: onlyMemoryIsWrong && connectedAt !== undefined ? connectedAt : Number.POSITIVE_INFINITY,
    longestWait: holders * longestLoad(schedule) + leaseTime + slack,
    lateWake,
    oldest: calm && !fails && tooOld !== undefined ? { brief: LONGEST_BRIEF + tooOld } : {},
    mayLag: MODES[schedule.mode].mayLag,
  }
}

/** The longest load of a schedule, in milliseconds. */
export function longestLoad({ steps }: Schedule): number {
  return Math.max(0, ...steps.map(({ action }) => ('load' in action ? action.load.before + action.load.after : 0)))
}
