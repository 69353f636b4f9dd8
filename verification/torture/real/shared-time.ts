/**
 * Milliseconds of the machine's monotonic clock, with a fraction. All processes of a machine read the same one, so what
 * they write down can be put in one order.
 */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
