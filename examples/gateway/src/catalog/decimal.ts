/** Digits after the point of the columns that hold prices per token, `numeric(20, 15)`. */
const TOKEN_PRICE_SCALE = 15

/** Dollars per million tokens, as price lists state them, to the dollars per token that the catalog stores. */
export function perToken(dollarsPerMillion: number): string {
  if (!(dollarsPerMillion >= 0)) throw new RangeError(`price: ${dollarsPerMillion} is not a price; give a number >= 0`)
  return (dollarsPerMillion / 1_000_000).toFixed(TOKEN_PRICE_SCALE)
}

/** Compares two decimals of the same scale, exactly. */
export function compareDecimals(left: string, right: string): number {
  const difference = BigInt(left.replace('.', '')) - BigInt(right.replace('.', ''))
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}
