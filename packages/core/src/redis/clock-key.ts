import type { ClockReading } from '../invalidation/clock-reading.ts'

const FORM = /^(\d+):(\d+):(\d+):/

/** Reads the clock key `incarnation:c:n:floor:life`; undefined when it is not there, or not ours. */
export function parseClock(raw: unknown): ClockReading | undefined {
  const match = raw === null || raw === undefined ? null : FORM.exec(String(raw))
  if (match === null) return undefined
  return { incarnation: Number(match[1]), tagClock: Number(match[2]), sequence: Number(match[3]) }
}
