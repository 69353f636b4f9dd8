/** The limits that users write, checked where they are written. */
import { type Duration, InvalidOption, parseDuration } from '@granary/core'

/** A limit, as {@link window}, {@link bucket}, {@link quota}, {@link fixedWindow} or {@link concurrency} make it. */
export type Limit = WindowLimit | BucketLimit | CounterLimit | ConcurrencyLimit

interface Common {
  /** What is counted; `'requests'` by default. */
  readonly unit: string
}

/** Made by {@link window}. */
export interface WindowLimit extends Common {
  readonly kind: 'window'
  readonly limit: number
  /** Milliseconds. */
  readonly length: number
  /** Sub-windows; 0 keeps every admission apart. */
  readonly precision: number
}

/** Made by {@link bucket}. */
export interface BucketLimit extends Common {
  readonly kind: 'bucket'
  readonly rate: number
  /** Milliseconds. */
  readonly per: number
  readonly burst: number
}

/** Made by {@link quota} and {@link fixedWindow}. */
export interface CounterLimit extends Common {
  readonly kind: 'counter'
  readonly limit: number
  /** Milliseconds, or a calendar. */
  readonly period: number | { readonly every: 'day' | 'month'; readonly timeZone: string }
}

/** Made by {@link concurrency}. */
export interface ConcurrencyLimit extends Common {
  readonly kind: 'concurrency'
  readonly limit: number
  /** Milliseconds. */
  readonly lease: number
}

/** Options that limits on units share. */
export interface UnitOptions {
  /**
   * What is counted. Limits on `'requests'`, the default, cost 1 per call; others, such as `'tokens'`, cost 0 unless the call
   * says what it costs.
   */
  readonly unit?: string
}

/** The largest limit, window counts and costs can have. */
export const MOST = 2_147_483_647

/** As many units as an exact window keeps apart. */
const MOST_EXACT = 1_000
const PRECISION = 16
const LONGEST_BUCKET = 10 * 365 * 86_400_000

/**
 * A strict rolling window, the default choice: at most `limit` units in every interval of `length`, wherever it begins.
 *
 * It counts in `precision` sub-windows (default 16) and gives up a few percent of the limit under steady saturation so as
 * never to admit too much. `exact: true` keeps every admission apart instead: for small limits, such as login attempts.
 *
 * ```ts
 * window(60, '1m')
 * window(5, '15m', { exact: true })
 * ```
 *
 * @throws InvalidOption when `limit` is no whole number from 0 to 2^31 - 1, or above 1,000 with `exact`.
 */
export function window(limit: number, length: Duration, options: UnitOptions & WindowOptions = {}): WindowLimit {
  const { exact = false, precision = PRECISION } = options
  checkCount('window(limit)', limit, exact ? MOST_EXACT : MOST)
  checkCount('window precision', precision, 256, 1)
  return Object.freeze({
    kind: 'window',
    limit,
    length: parseDuration(length, 'window(length)'),
    precision: exact ? 0 : precision,
    unit: unitOf(options),
  })
}

/** Options of {@link window}. */
export interface WindowOptions {
  /** Keeps every admission apart; for limits up to 1,000. Default: false. */
  readonly exact?: boolean
  /** Sub-windows, from 1 to 256: more waste less and take 8 bytes each. Default: 16. */
  readonly precision?: number
}

/**
 * A token bucket: `burst` units at once, and `rate` of them come back in every `per`. It smooths; it does not bound a window,
 * in which it admits up to `burst` more than `rate`.
 *
 * ```ts
 * bucket({ rate: 10, per: '1s', burst: 20 })
 * ```
 *
 * @throws InvalidOption when a number is not whole, or `rate` is above one per microsecond.
 */
export function bucket(options: UnitOptions & BucketOptions): BucketLimit {
  const { rate, burst } = options
  checkCount('bucket rate', rate, MOST, 1)
  checkCount('bucket burst', burst, MOST)
  const per = parseDuration(options.per, 'bucket per')
  if (rate > per * 1000)
    throw new InvalidOption('bucket rate', rate, `at most one unit per microsecond, so ${per * 1000} per ${per} ms`)
  if ((burst / rate) * per > LONGEST_BUCKET)
    throw new InvalidOption('bucket burst', burst, 'a bucket must fill within ten years')
  return Object.freeze({ kind: 'bucket', rate, per, burst, unit: unitOf(options) })
}

/** Options of {@link bucket}. */
export interface BucketOptions {
  /** Units that come back in every `per`. */
  readonly rate: number
  /** The time in which they do. */
  readonly per: Duration
  /** Units that a full bucket holds. */
  readonly burst: number
}

/**
 * A quota of the calendar: `limit` units per day or month, as a time zone counts them. All of it comes back at once when the
 * period turns, so up to twice the limit can be used around that moment.
 *
 * ```ts
 * quota(2_000, { every: 'day', timeZone: 'Europe/Berlin' })
 * ```
 *
 * @throws InvalidOption when the time zone is not known here.
 */
export function quota(limit: number, options: UnitOptions & QuotaOptions): CounterLimit {
  const { every, timeZone = 'UTC' } = options
  checkCount('quota(limit)', limit, MOST)
  if (every !== 'day' && every !== 'month') throw new InvalidOption('quota every', every, `it is 'day' or 'month'`)
  checkZone(timeZone)
  return Object.freeze({ kind: 'counter', limit, period: Object.freeze({ every, timeZone }), unit: unitOf(options) })
}

/** Options of {@link quota}. */
export interface QuotaOptions {
  /** When all of it comes back: at midnight, or at midnight of the first. */
  readonly every: 'day' | 'month'
  /** An IANA name. Default: `'UTC'`. */
  readonly timeZone?: string
}

/**
 * A window on the clock: at most `limit` units from one multiple of `length` to the next. The cheapest, and the weakest: up
 * to twice the limit passes around each boundary. {@link window} costs little more.
 *
 * @throws InvalidOption when `limit` is no whole number from 0 to 2^31 - 1.
 */
export function fixedWindow(limit: number, length: Duration, options: UnitOptions = {}): CounterLimit {
  checkCount('fixedWindow(limit)', limit, MOST)
  return Object.freeze({
    kind: 'counter',
    limit,
    period: parseDuration(length, 'fixedWindow(length)'),
    unit: unitOf(options),
  })
}

/**
 * At most `limit` calls at once. Each holds a place for `lease`, unless it gives it back or renews it before: a process that
 * dies frees its places by doing nothing. Calls under such a limit go through `run()` or `reserve()`.
 *
 * ```ts
 * concurrency(5, { lease: '60s' })
 * ```
 *
 * @throws InvalidOption when `limit` is no whole number from 0 to 1024.
 */
export function concurrency(limit: number, options: { readonly lease: Duration }): ConcurrencyLimit {
  checkCount('concurrency(limit)', limit, MOST_CONCURRENT)
  return Object.freeze({
    kind: 'concurrency',
    limit,
    lease: parseDuration(options?.lease, 'concurrency lease'),
    unit: 'concurrent-requests',
  })
}

/** As many places as one subject can hold. */
export const MOST_CONCURRENT = 1_024

/** Throws unless `value` is a whole number from `least` to `most`. */
export function checkCount(option: string, value: unknown, most: number, least = 0): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return
  throw new InvalidOption(option, value, `it is a whole number from ${least} to ${most}`)
}

function checkZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
  } catch {
    throw new InvalidOption('quota timeZone', timeZone, `it is an IANA name such as 'UTC' or 'Europe/Berlin'`)
  }
}

const UNIT = /^[a-z][a-z0-9_.*-]{0,63}$/

function unitOf({ unit = 'requests' }: UnitOptions): string {
  if (typeof unit === 'string' && UNIT.test(unit)) return unit
  throw new InvalidOption('unit', unit, 'it is a word of lower-case letters, digits and hyphens')
}
