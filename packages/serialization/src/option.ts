/** What an option's number must be. */
export interface NumberRange {
  readonly from: number
  readonly to: number
}

/** The number given for an option, or its default. @throws RangeError, naming the option, the value and the range. */
export function numberOption(
  name: string,
  given: number | undefined,
  byDefault: number,
  { from, to }: NumberRange,
): number {
  if (given === undefined) return byDefault
  if (typeof given === 'number' && given >= from && given <= to) return given
  throw new RangeError(`${name}: ${String(given)} is not allowed; it is a number from ${from} to ${to}.`)
}
