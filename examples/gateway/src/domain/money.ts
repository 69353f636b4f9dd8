/** Digits after the point of the columns that hold money, `numeric(10, 4)`. */
const SCALE = 4
const ONE = 10n ** BigInt(SCALE)

/**
 * Reads dollars from decimal text into ten-thousandths of a dollar.
 *
 * Throws `RangeError` on anything but digits with at most four decimals: money is never a binary fraction.
 */
export function parseMoney(text: string): bigint {
  const parts = /^(-?)(\d{1,6})(?:\.(\d{1,4}))?$/.exec(text)
  if (parts === null) throw new RangeError(`money: '${text}' is not an amount; give decimal text such as '12.50'`)
  const [, sign, whole = '0', fraction = ''] = parts
  const units = BigInt(whole) * ONE + BigInt(fraction.padEnd(SCALE, '0'))
  return sign === '-' ? -units : units
}

/** Writes ten-thousandths of a dollar as PostgreSQL writes `numeric(10, 4)`. */
export function formatMoney(units: bigint): string {
  const absolute = units < 0n ? -units : units
  const fraction = String(absolute % ONE).padStart(SCALE, '0')
  return `${units < 0n ? '-' : ''}${absolute / ONE}.${fraction}`
}
