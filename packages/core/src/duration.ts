import { InvalidOption } from './errors.ts'

/**
 * A length of time with its unit: `'250ms'`, `'30s'`, `'5m'`, `'1h'` or `'7d'`. A bare number does not compile, because
 * mistaking seconds for milliseconds is the most common error in caching code. Use {@link ms} for computed ones.
 */
export type Duration = `${bigint}${DurationUnit}`

/** The unit of a {@link Duration}. */
export type DurationUnit = 'ms' | 's' | 'm' | 'h' | 'd'

const MILLISECONDS: Readonly<Record<DurationUnit, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const FORM = /^([1-9][0-9]*)(ms|s|m|h|d)$/
const LONGEST = 3_650 * MILLISECONDS.d

/**
 * A duration of a computed number of milliseconds, rounded up to a whole one.
 *
 * @example
 * ```ts
 * ms(1500) // '1500ms'
 * ```
 * @throws InvalidOption when `milliseconds` is not a number above 0 and at most ten years.
 */
export function ms(milliseconds: number): Duration {
  if (typeof milliseconds !== 'number' || !(milliseconds > 0) || milliseconds > LONGEST) {
    throw new InvalidOption('ms()', milliseconds, 'it takes a number of milliseconds above 0 and at most ten years')
  }
  return `${BigInt(Math.ceil(milliseconds))}ms`
}

/**
 * The milliseconds of a duration.
 *
 * @param option - The option's name, for the error.
 * @throws InvalidOption for anything that is not a whole, positive number with a unit.
 */
export function parseDuration(input: Duration, option: string): number {
  const match = typeof input === 'string' ? FORM.exec(input) : null
  if (match === null)
    throw new InvalidOption(
      option,
      input,
      `write a whole number above 0 with its unit, such as '250ms', '30s', '5m', '1h' or '7d'`,
    )
  const milliseconds = Number(match[1]) * MILLISECONDS[match[2] as DurationUnit]
  if (milliseconds > LONGEST) throw new InvalidOption(option, input, 'ten years is the longest duration')
  return milliseconds
}
