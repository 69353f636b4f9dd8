/** Something that answers a key. */
export interface Candidate<K> {
  readonly name: string
  readonly call: (key: K) => unknown
}

/** The median of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Nanoseconds per awaited call, medians of `rounds` interleaved rounds: what disturbs the machine disturbs all alike. */
export async function nanosecondsPerCall<K>(
  candidates: readonly Candidate<K>[],
  keys: readonly K[],
  { calls, rounds }: { calls: number; rounds: number },
): Promise<Map<string, number>> {
  const samples = new Map<string, number[]>(candidates.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const { name, call } of candidates) {
      const startedAt = process.hrtime.bigint()
      for (let at = 0; at < calls; at++) await call(keys[(at * 7919) % keys.length] as K)
      const nanoseconds = Number(process.hrtime.bigint() - startedAt) / calls
      if (round > 0) samples.get(name)?.push(nanoseconds)
    }
  }
  return new Map([...samples].map(([name, each]) => [name, median(each)]))
}

/** The same for calls that answer at once. */
export function nanosecondsPerSyncCall<K>(
  candidates: readonly Candidate<K>[],
  keys: readonly K[],
  { calls, rounds }: { calls: number; rounds: number },
): Map<string, number> {
  const samples = new Map<string, number[]>(candidates.map(({ name }) => [name, []]))
  let answered = 0
  for (let round = 0; round <= rounds; round++) {
    for (const { name, call } of candidates) {
      const startedAt = process.hrtime.bigint()
      for (let at = 0; at < calls; at++) if (call(keys[(at * 7919) % keys.length] as K) !== undefined) answered += 1
      const nanoseconds = Number(process.hrtime.bigint() - startedAt) / calls
      if (round > 0) samples.get(name)?.push(nanoseconds)
    }
  }
  if (answered < calls * (rounds + 1) * candidates.length) throw new Error('A call was not answered.')
  return new Map([...samples].map(([name, each]) => [name, median(each)]))
}

/** Throughput of one candidate at a concurrency. */
export interface Throughput {
  readonly perSecond: number
  /** Processor time of this process per call, in microseconds. */
  readonly cpu: number
}

/** Calls per second with so many callers at once, none of whom asks for a key that another one asks for at that moment. */
export async function throughput<K>(
  { call }: Candidate<K>,
  keys: readonly K[],
  { concurrency, milliseconds }: { concurrency: number; milliseconds: number },
): Promise<Throughput> {
  let calls = 0
  const before = process.cpuUsage()
  const startedAt = performance.now()
  const caller = async (first: number) => {
    for (let at = first; performance.now() - startedAt < milliseconds; at += concurrency) {
      await call(keys[at % keys.length] as K)
      calls += 1
    }
  }
  await Promise.all(Array.from({ length: concurrency }, (_, at) => caller(at)))
  const elapsed = performance.now() - startedAt
  const { user, system } = process.cpuUsage(before)
  return { perSecond: (calls / elapsed) * 1_000, cpu: (user + system) / calls }
}
