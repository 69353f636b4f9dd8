import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { calendarPeriods } from '../../src/rule/calendar.ts'
import { fromUnixMs, toUnixMs } from '../../src/rule/server-clock.ts'

function periodAt(every: 'day' | 'month', timeZone: string, iso: string): string {
  const { start, end } = calendarPeriods({ every, timeZone })(fromUnixMs(Date.parse(iso)))
  return `${new Date(toUnixMs(start)).toISOString()} ${new Date(toUnixMs(end)).toISOString()}`
}

describe('the calendar', () => {
  test.each([
    ['day', 'UTC', '2026-03-29T23:59:59.999Z', '2026-03-29T00:00:00.000Z 2026-03-30T00:00:00.000Z'],
    ['month', 'UTC', '2028-02-29T12:00:00Z', '2028-02-01T00:00:00.000Z 2028-03-01T00:00:00.000Z'],
    // Summer time begins: a day of 23 hours, and a month that starts in winter and ends in summer.
    ['day', 'Europe/Berlin', '2026-03-29T12:00:00Z', '2026-03-28T23:00:00.000Z 2026-03-29T22:00:00.000Z'],
    ['month', 'Europe/Berlin', '2026-03-29T12:00:00Z', '2026-02-28T23:00:00.000Z 2026-03-31T22:00:00.000Z'],
    // It ends: 25 hours.
    ['day', 'Europe/Berlin', '2026-10-25T12:00:00Z', '2026-10-24T22:00:00.000Z 2026-10-25T23:00:00.000Z'],
    // Clocks were put forward at midnight: the day began at one.
    ['day', 'America/Sao_Paulo', '2018-11-04T12:00:00Z', '2018-11-04T03:00:00.000Z 2018-11-05T02:00:00.000Z'],
    // Midnight comes twice; the day begins with the first.
    ['day', 'America/Havana', '2026-11-01T12:00:00Z', '2026-11-01T04:00:00.000Z 2026-11-02T05:00:00.000Z'],
    ['day', 'Asia/Kathmandu', '2026-05-05T00:00:00Z', '2026-05-04T18:15:00.000Z 2026-05-05T18:15:00.000Z'],
  ] as const)('the %s of %s at %s is %s', (every, timeZone, at, expected) => {
    expect(periodAt(every, timeZone, at)).toBe(expected)
  })

  test('every instant lies in its period, and the next period begins where it ends', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          'UTC',
          'Europe/Berlin',
          'America/New_York',
          'Australia/Lord_Howe',
          'Pacific/Chatham',
          'Asia/Tehran',
        ),
        fc.constantFrom('day' as const, 'month' as const),
        fc.integer({ min: Date.UTC(2020, 0, 2), max: Date.UTC(2040, 0, 1) }),
        (timeZone, every, unixMs) => {
          const periods = calendarPeriods({ every, timeZone })
          const now = fromUnixMs(unixMs)
          const { start, end } = periods(now)
          expect(start <= now && now < end).toBe(true)
          expect(periods(end).start).toBe(end)
          expect(periods(start - 1).end).toBe(start)
        },
      ),
      { numRuns: 60 },
    )
  })
})
