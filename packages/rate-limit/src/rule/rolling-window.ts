/**
 * The strict rolling window: at most `limit` units in *every* interval of `length`, wherever it begins.
 *
 * An exact log remembers each admission. This keeps at most `slots` + 1 entries instead: admissions that come shortly after
 * one another share an entry, which knows how many units it holds and when the last of them came, and which is counted
 * *whole* until that last one is a window old. Nothing leaves early, so nothing above the limit is ever admitted; what is
 * lost is a little yield, because the older units of an entry wait for its last. A new entry opens when the current one
 * is `span` = `length / slots` old, or when an old one has just left: saturated traffic then keeps its own rhythm and
 * gives up about 1/(2 × slots) instead of 1/slots. With `span` 0 and as many slots as units, it is an exact log.
 *
 * Why `slots` closed entries suffice: each entry starts at least a `span` after the one before, or takes the place of one
 * that left. Should they ever run out, admissions join the current entry, which is stricter, never looser.
 *
 * Sub-windows and their error are described for request counters by, among others, Cloudflare (2017, "How we built rate
 * limiting capable of scaling to millions of domains"); theirs interpolates the oldest one, which admits above the limit.
 */
import { type Micros, NEVER, type Verdict } from './verdict.ts'

/** A rolling window, resolved. */
export interface WindowRule {
  readonly kind: 'window'
  /** Units in any interval of `length`. */
  readonly limit: number
  readonly length: Micros
  /** Closed entries kept besides the current one. */
  readonly slots: number
  /** Age at which the current entry is closed; 0 keeps every admission apart. */
  readonly span: Micros
  /** Resolution of a closed entry's time, rounded up: a whole number of microseconds, at least `length` / 2^28. */
  readonly tick: Micros
}

/** Admissions of one subject under a {@link WindowRule}. */
export interface WindowState {
  /** The number of the oldest entry; entries are numbered as they open, so a reservation can name its own. */
  readonly head: number
  /** When the current entry opened; 0 when there is none. */
  readonly start: Micros
  /** When the current entry was last charged. */
  readonly last: Micros
  /** Units in the current entry. */
  readonly count: number
  /** Units in all entries. */
  readonly total: number
  /** The closed entries, oldest first: the time of each one's last admission, and its units, by turns. */
  readonly closed: readonly number[]
}

/** A window that holds nothing. */
export const EMPTY_WINDOW: WindowState = { head: 0, start: 0, last: 0, count: 0, total: 0, closed: [] }

/** As much as the packed form can hold. Debts stop growing here. */
export const MOST_UNITS = 4_294_967_295

/** The window without the entries that have left it at `now`. */
export function rollWindow(rule: WindowRule, state: WindowState, now: Micros): WindowState {
  if (state.start === 0) return state
  const { closed } = state
  if (state.last + rule.length <= now) return { ...EMPTY_WINDOW, head: currentEntry(state) + 1 }
  let total = state.total
  let left = 0
  while (left < closed.length && (closed[left] as number) + rule.length <= now) {
    total -= closed[left + 1] as number
    left += 2
  }
  return left === 0 ? state : { ...state, head: state.head + left / 2, total, closed: closed.slice(left) }
}

/** Whether `cost` units fit at `now`. */
export function judgeWindow(rule: WindowRule, state: WindowState, now: Micros, cost: number): Verdict {
  const rolled = rollWindow(rule, state, now)
  const ok = rolled.total + cost <= rule.limit
  return {
    ok,
    remaining: Math.max(0, rule.limit - rolled.total),
    retry: ok ? 0 : retryOf(rule, rolled, now, cost),
    reset: resetOf(rule, rolled, now),
  }
}

/**
 * The window after units were admitted at `now`, whether or not they fit. An entry that was emptied by refunds begins anew,
 * unless an open reservation may still be settled in it.
 */
export function chargeWindow(
  rule: WindowRule,
  state: WindowState,
  now: Micros,
  { units: cost, open }: Charge,
): WindowState {
  const rolled = rollWindow(rule, state, now)
  const { head, closed, start, count } = rolled
  const units = Math.min(cost, MOST_UNITS - rolled.total)
  const total = rolled.total + units
  const due = start === 0 || rolled !== state || now - start >= rule.span
  if (due && count === 0 && (start === 0 || !open)) return { head, start: now, last: now, count: units, total, closed }
  if (!due || closed.length >= 2 * rule.slots) return { head, start, last: now, count: count + units, total, closed }
  const more = [...closed, Math.ceil(rolled.last / rule.tick) * rule.tick, count]
  return { head, start: now, last: now, count: units, total, closed: more }
}

/** What is charged. */
export interface Charge {
  readonly units: number
  /** Whether the subject has open reservations. */
  readonly open: boolean
}

/**
 * The window after `delta` units were added to, or taken from, the entry of that number: what a reservation turned out to
 * cost counts as of the time it was made. Nothing changes when the entry has left the window.
 */
export function amendWindow(
  rule: WindowRule,
  state: WindowState,
  now: Micros,
  { entry, delta }: Amendment,
): WindowState {
  const rolled = rollWindow(rule, state, now)
  const place = entry - rolled.head
  if (rolled.start === 0 || place < 0 || place > rolled.closed.length / 2) return rolled
  const isCurrent = place === rolled.closed.length / 2
  const held = isCurrent ? rolled.count : (rolled.closed[2 * place + 1] as number)
  const change = Math.min(Math.max(delta, -held), MOST_UNITS - rolled.total)
  if (isCurrent) return { ...rolled, count: held + change, total: rolled.total + change }
  const closed = rolled.closed.with(2 * place + 1, held + change)
  return { ...rolled, closed, total: rolled.total + change }
}

/** A correction of one entry. */
export interface Amendment {
  readonly entry: number
  readonly delta: number
}

/** The number of the entry that an admission at this moment went into. */
export function currentEntry(state: WindowState): number {
  return state.head + state.closed.length / 2
}

function retryOf(rule: WindowRule, rolled: WindowState, now: Micros, cost: number): Micros {
  if (cost > rule.limit) return NEVER
  let excess = rolled.total + cost - rule.limit
  for (let place = 0; place < rolled.closed.length; place += 2) {
    excess -= rolled.closed[place + 1] as number
    if (excess <= 0) return leavingOf(rolled, rolled.closed[place] as number) + rule.length - now
  }
  return rolled.last + rule.length - now
}

function resetOf(rule: WindowRule, rolled: WindowState, now: Micros): Micros {
  if (rolled.total === 0) return 0
  return leavingOf(rolled, rolled.closed[0] ?? rolled.last) + rule.length - now
}

/** The time that counts for a closed entry: its own was rounded up, and all have left once the current one has. */
function leavingOf(rolled: WindowState, closed: Micros): Micros {
  return Math.min(closed, rolled.last)
}
