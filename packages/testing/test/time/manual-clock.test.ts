import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidTestOption, ManualClock, TestingError } from '../../src/index.ts'

describe('a manual clock', () => {
  test('stands still until it is moved', async () => {
    const clock = new ManualClock({ now: 5 })
    await clock.settle(3)
    expect(clock.now()).toBe(5)
    clock.advance(2.5)
    expect(clock.now()).toBe(7.5)
  })

  test('runs timers in order of their instants, equal ones as they were scheduled, each at its own instant', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 30 }), fc.nat(25), (delays, distance) => {
        const clock = new ManualClock()
        const ran: [index: number, at: number][] = []
        for (const [index, delay] of delays.entries()) clock.schedule(delay, () => ran.push([index, clock.now()]))
        clock.advance(distance)
        const due = delays.map((delay, index): [number, number] => [index, delay]).filter(([, at]) => at <= distance)
        expect(ran).toEqual(due.toSorted((one, other) => one[1] - other[1] || one[0] - other[0]))
        expect(clock.pending).toBe(delays.length - due.length)
        expect(clock.now()).toBe(distance)
      }),
    )
  })

  test('one long advance equals any split of it', () => {
    const cascade = (steps: readonly number[]) => {
      const clock = new ManualClock()
      const story: string[] = []
      const repeat = (delay: number) => {
        clock.schedule(delay, () => {
          story.push(`${delay} at ${clock.now()}`)
          repeat(delay)
        })
      }
      for (const delay of [2, 3, 7]) repeat(delay)
      for (const step of steps) clock.advance(step)
      return story
    }
    fc.assert(
      fc.property(fc.array(fc.nat(10), { maxLength: 8 }), (steps) => {
        expect(cascade(steps)).toEqual(cascade([steps.reduce((sum, step) => sum + step, 0)]))
      }),
    )
  })

  test('a cancelled timer does not run, and cancelling twice or late is harmless', () => {
    const clock = new ManualClock()
    const ran: string[] = []
    const cancel = clock.schedule(5, () => ran.push('cancelled'))
    const late = clock.schedule(5, () => ran.push('kept'))
    cancel()
    cancel()
    clock.advance(5)
    late()
    expect(ran).toEqual(['kept'])
    expect(clock.pending).toBe(0)
  })

  test('a timer that throws stops the advance at its own instant and is gone', () => {
    const clock = new ManualClock()
    clock.schedule(3, () => {
      throw new Error('from the timer')
    })
    expect(() => clock.advance(10)).toThrow('from the timer')
    expect(clock.now()).toBe(3)
    expect(clock.pending).toBe(0)
  })

  test('a timer may advance the clock itself: time never goes back', () => {
    const clock = new ManualClock()
    clock.schedule(1, () => clock.advance(100))
    clock.advance(10)
    expect(clock.now()).toBe(101)
  })

  test('tells the next instant', () => {
    const clock = new ManualClock({ now: 10 })
    expect(clock.nextDue).toBeUndefined()
    clock.schedule(7, () => {})
    clock.schedule(4, () => {})
    expect(clock.nextDue).toBe(14)
  })
})

describe('with asynchronous code', () => {
  test('advance leaves promise callbacks waiting, advanceAsync runs them and the timers they schedule', async () => {
    const run = async (clock: ManualClock, story: string[]) => {
      for (let round = 1; round <= 3; round++) {
        await new Promise<void>((resolve) => clock.schedule(10, resolve))
        story.push(`round ${round} at ${clock.now()}`)
      }
    }
    const blocked: string[] = []
    const first = new ManualClock()
    void run(first, blocked)
    first.advance(30)
    expect(blocked).toEqual([])

    const story: string[] = []
    const second = new ManualClock()
    void run(second, story)
    await second.advanceAsync(30)
    expect(story).toEqual(['round 1 at 10', 'round 2 at 20', 'round 3 at 30'])
  })

  test('settle drains chains of microtasks and ticks without moving time', async () => {
    const clock = new ManualClock()
    let reached = 0
    void (async () => {
      for (; reached < 500; reached++) await Promise.resolve()
      await new Promise((resolve) => process.nextTick(resolve))
      reached++
    })()
    await clock.settle()
    expect(reached).toBe(501)
    expect(clock.now()).toBe(0)
  })

  test('advanceUntilSettled goes from timer to timer and no further than needed', async () => {
    const clock = new ManualClock()
    clock.schedule(90_000, () => {})
    const answer = new Promise<string>((resolve) => {
      clock.schedule(250, () => void Promise.resolve().then(() => clock.schedule(250, () => resolve('done'))))
    })
    await expect(clock.advanceUntilSettled(answer)).resolves.toBe('done')
    expect(clock.now()).toBe(500)
    await expect(clock.advanceUntilSettled(Promise.reject(new Error('its own')))).rejects.toThrow('its own')
  })

  test('advanceUntilSettled waits for what is outside the clock', async () => {
    const clock = new ManualClock()
    const outside = new Promise((resolve) => setTimeout(resolve, 30))
    const both = outside.then(() => new Promise<string>((resolve) => void clock.schedule(250, () => resolve('done'))))
    expect(await clock.advanceUntilSettled(both)).toBe('done')
    expect(clock.now()).toBe(250)
  })

  test('advanceUntilSettled says why a promise cannot settle', async () => {
    const clock = new ManualClock()
    const never = new Promise<never>(() => {})
    await expect(clock.advanceUntilSettled(never, { patience: 20 })).rejects.toThrow(/no timer is scheduled/)
    clock.schedule(5_000, () => {})
    await expect(clock.advanceUntilSettled(never, { limit: 1_000, patience: 20 })).rejects.toThrow(
      /after the limit of 1000 ms/,
    )
  })
})

describe('wall time', () => {
  test('moves with the monotonic clock and can be skewed alone, both ways', () => {
    const start = Date.UTC(2026, 5, 1)
    const clock = new ManualClock({ now: 1_000, wall: start })
    clock.advance(500)
    expect(clock.wall()).toBe(start + 500)
    clock.skewWall(-3_600_000)
    expect(clock.now()).toBe(1_500)
    expect(clock.wall()).toBe(start + 500 - 3_600_000)
  })
})

describe('mistakes', () => {
  test('are refused at once, naming the value', () => {
    const clock = new ManualClock()
    expect(() => clock.advance(-1)).toThrow(InvalidTestOption)
    expect(() => clock.advance(Number.NaN)).toThrow(/ms: NaN is not allowed/)
    expect(() => clock.schedule(Number.NaN, () => {})).toThrow(/delayMs: NaN/)
    expect(() => clock.skewWall(Number.POSITIVE_INFINITY)).toThrow(/ms: Infinity/)
    expect(() => new ManualClock({ wall: Number.NaN })).toThrow(/wall: NaN/)
  })

  test('a timer that schedules itself without a delay is reported instead of hanging the test', () => {
    const clock = new ManualClock()
    const again = () => {
      clock.schedule(0, again)
    }
    again()
    expect(() => clock.advance(1)).toThrow(TestingError)
    expect(() => clock.advance(1)).toThrow(/without a delay/)
  })
})
