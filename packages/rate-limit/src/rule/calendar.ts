/** Days and months as people in a time zone count them: a day of summer time's beginning has 23 hours. */
import type { Period } from './period-counter.ts'
import { fromUnixMs, toUnixMs } from './server-clock.ts'
import type { Micros } from './verdict.ts'

/** Which calendar. */
export interface Calendar {
  readonly every: 'day' | 'month'
  /** An IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string
}

const DAY = 86_400_000

/** Finds the day or month that a time lies in. It remembers the latest one, because looking one up takes half a millisecond. */
export function calendarPeriods({ every, timeZone }: Calendar): (now: Micros) => Period {
  const zone = zoneOf(timeZone)
  let known: Period = { start: 0, end: 0 }
  return (now) => {
    if (now < known.start || now >= known.end) known = periodOf(zone, every, toUnixMs(now))
    return known
  }
}

function periodOf(zone: Zone, every: Calendar['every'], unixMs: number): Period {
  const { year, month, day } = zone(unixMs)
  const [first, next] =
    every === 'day'
      ? [Date.UTC(year, month, day), Date.UTC(year, month, day + 1)]
      : [Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)]
  return { start: fromUnixMs(instantOf(zone, first)), end: fromUnixMs(instantOf(zone, next)) }
}

interface LocalDate {
  readonly year: number
  /** From 0, as in Date. */
  readonly month: number
  readonly day: number
  /** The local clock, read as if it were UTC. */
  readonly asUtc: number
}

type Zone = (unixMs: number) => LocalDate

function zoneOf(timeZone: string): Zone {
  const format = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (unixMs) => {
    const fields: Record<string, number> = {}
    for (const { type, value } of format.formatToParts(unixMs)) fields[type] = Number(value)
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields
    return { year, month: month - 1, day, asUtc: Date.UTC(year, month - 1, day, hour, minute, second) }
  }
}

/**
 * The first instant whose local date is on or after the local midnight `midnight` (written as UTC). Where clocks are put
 * forward at midnight, that is the end of the gap; where they are put back over midnight, the earlier of the two.
 */
function instantOf(zone: Zone, midnight: number): number {
  let early = midnight - DAY
  let late = midnight + DAY
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2)
    if (zone(middle).asUtc >= midnight) late = middle
    else early = middle
  }
  return late
}
