import { InvalidTestOption, TestingError } from '../errors.ts'

/** Something that can tell how much of each kind of work it has open: flights, timers, background loads, waiters, leases, … */
export interface Inspectable {
  /** Counts by kind; 0 everywhere when nothing is going on. */
  inspect(): object
}

/**
 * Asserts that nothing is going on inside: every count that `inspect()` gives is zero. Run it after each test, and a test about
 * something else also proves that nothing leaked. A cache and a {@link ManualClock} can be inspected.
 *
 * ```ts
 * afterEach(async () => {
 *   await cache.drain()
 *   expectQuiet(cache, clock)
 * })
 * ```
 *
 * @throws {@link TestingError} with code `NOT_QUIET` that lists what is still open
 */
export function expectQuiet(...subjects: readonly Inspectable[]): void {
  if (subjects.length === 0) throw new InvalidTestOption('subjects', '[]', 'give at least one thing to inspect')
  const open = subjects.flatMap((subject) => openWork(subject))
  if (open.length === 0) return
  throw new TestingError(
    'NOT_QUIET',
    `Still open: ${open.join(', ')}. Did the test leave a call, a load or a timer unawaited?`,
  )
}

function openWork(subject: Inspectable): string[] {
  const counts = Object.entries(subject.inspect())
  if (counts.length === 0 || counts.some(([, count]) => typeof count !== 'number')) {
    throw new InvalidTestOption(
      'inspect()',
      JSON.stringify(Object.fromEntries(counts)),
      'it must give one number or more, and nothing else',
    )
  }
  return counts.filter(([, count]) => count !== 0).map(([kind, count]) => `${count} ${kind}`)
}
