/**
 * What does strictness cost, beside the most used limiter on the same Redis?
 *
 * One client process, 64 calls in flight, 1,000 subjects, limits that admit everything; the candidates run by turns, so that
 * whatever else the machine does disturbs all alike. Redis' own time is that of INFO commandstats. Ratios hold inside one run;
 * calls per second do not compare with those of other machines. It proves nothing about networks, where the number of round
 * trips decides, nor about many client processes.
 */
import { bucket, createRateLimiter, type Limit, type RateLimiter, window } from '@granary/rate-limit'
import { ManualClock, type RedisServer, startFaultProxy, startRedis } from '@granary/testing'
import { Redis } from 'ioredis'
import { RateLimiterRedis, RateLimiterUnion } from 'rate-limiter-flexible'
import { type Candidate, median, throughput } from './lib/measure.ts'
import { atLeast, atMost, type Goal, type Row, report, round } from './lib/report.ts'
import { ANCHORS, accuracyOf, clumps, exactLog, type Model, poisson, seeded } from './lib/window-models.ts'

const ROUNDS = 41
const MILLISECONDS = 80
const MANY = 1_000_000
const SUBJECTS = Array.from({ length: 1_000 }, (_, at) => `user:${at}`)
const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

const server = await startRedis()
const client = new Redis(server.url)
const limiter = createRateLimiter({ redis: server.url, namespace: 'bench', logger: SILENT, deadline: '5s' })
await limiter.ready()

const WINDOWS: Readonly<Record<string, Limit>> = {
  second: window(MANY, '1s'),
  minute: window(MANY, '1m'),
  hour: window(MANY, '1h'),
  day: window(MANY, '1d'),
  week: window(MANY, '7d'),
}
const SECONDS = [60, 1, 3_600, 86_400, 604_800]

function granary(name: string, limits: Readonly<Record<string, Limit>>): Candidate<string> {
  const set = limiter.define(`bench_${name.replaceAll(' ', '_')}`, { limits })
  return { name: `granary, ${name}`, call: (subject) => set.check(subject) }
}

function flexible(count: number): Candidate<string> {
  const limiters = SECONDS.slice(0, count).map(
    (duration) =>
      new RateLimiterRedis({ storeClient: client, points: MANY, duration, keyPrefix: `rlf${count}:${duration}` }),
  )
  const [only] = limiters
  if (count === 1 && only !== undefined)
    return { name: 'rate-limiter-flexible, 1 fixed window', call: (subject) => only.consume(subject) }
  const union = new RateLimiterUnion(...limiters)
  return { name: `rate-limiter-flexible, Union of ${count} fixed windows`, call: (subject) => union.consume(subject) }
}

function some(...names: string[]): Record<string, Limit> {
  return Object.fromEntries(names.map((name) => [name, WINDOWS[name] as Limit]))
}

const CANDIDATES = [
  granary('1 strict window', some('minute')),
  flexible(1),
  granary('3 strict windows', some('second', 'minute', 'hour')),
  flexible(3),
  granary('5 strict windows', WINDOWS),
  flexible(5),
  granary('1 bucket', { burst: bucket({ rate: MANY, per: '1s', burst: MANY }) }),
  granary(
    '3 buckets',
    Object.fromEntries(['a', 'b', 'c'].map((name) => [name, bucket({ rate: MANY, per: '1s', burst: MANY })])),
  ),
]

interface Sample {
  readonly perSecond: number
  readonly cpu: number
  /** Microseconds of Redis per call of a script, and scripts per call of ours. */
  readonly redis: number
  readonly scripts: number
}

async function sample(candidate: Candidate<string>): Promise<Sample> {
  await client.config('RESETSTAT')
  const { perSecond, cpu } = await throughput(candidate, SUBJECTS, { concurrency: 64, milliseconds: MILLISECONDS })
  const [, calls = '0', microseconds = '0'] =
    /cmdstat_evalsha:calls=(\d+),usec=(\d+)/.exec(await client.info('commandstats')) ?? []
  const made = (perSecond * MILLISECONDS) / 1_000
  return { perSecond, cpu, redis: Number(microseconds) / Number(calls), scripts: Number(calls) / made }
}

const samples = new Map<string, Sample[]>(CANDIDATES.map(({ name }) => [name, []]))
for (let at = 0; at <= ROUNDS; at++) {
  for (const candidate of CANDIDATES) {
    const taken = await sample(candidate)
    if (at > 0) samples.get(candidate.name)?.push(taken)
  }
}
const of = (name: string, figure: keyof Sample) => median((samples.get(name) ?? []).map((taken) => taken[figure]))
/** Redis' clock runs on while another process has its core: the least disturbed round is nearest to what the script takes. */
const leastRedis = (name: string) => Math.min(...(samples.get(name) ?? []).map(({ redis }) => redis))

/** The median of ratios of neighbours in time, which a disturbance of the machine touches alike. */
function ratio(ours: string, theirs: string): number {
  const others = samples.get(theirs) ?? []
  return median((samples.get(ours) ?? []).map(({ perSecond }, at) => perSecond / (others[at]?.perSecond ?? Number.NaN)))
}

const costs: Row[] = CANDIDATES.map(({ name }) => ({
  name,
  'calls a second': round(of(name, 'perSecond')),
  'client CPU us a call': round(of(name, 'cpu')),
  'scripts a call': Math.round(of(name, 'scripts')),
  'Redis us a script': round(of(name, 'redis')),
  'least round': round(leastRedis(name)),
  'Redis us a call': round(of(name, 'redis') * Math.round(of(name, 'scripts'))),
}))

/** Bytes of one subject in Redis, its keys included: after one call, and after use of all its sub-windows. */
async function memory(): Promise<Row[]> {
  const bytes = async () => {
    const keys = await client.keys('*lone')
    const sizes = await Promise.all(keys.map((key) => client.memory('USAGE', key)))
    if (keys.length > 0) await client.del(keys)
    return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
  }
  const slow = bucket({ rate: 1, per: '1m', burst: 10 })
  const begun = [
    ...CANDIDATES.filter(({ name }) => !name.includes('bucket')),
    granary('1 slow bucket', { slow }),
    granary('3 slow buckets', { one: slow, two: slow, three: slow }),
  ]
  const rows: Row[] = []
  for (const { name, call } of begun) {
    await call('lone')
    rows.push({ name: `a subject after one call: ${name}`, bytes: await bytes() })
  }
  for (const count of [1, 3]) {
    const shorts = Object.fromEntries(Array.from({ length: count }, (_, at) => [`short${at}`, window(MANY, '1s')]))
    const { call } = granary(`${count} used`, shorts)
    for (const end = performance.now() + 1_200; performance.now() < end; ) await call('lone')
    rows.push({ name: `a subject that has used all its sub-windows: granary, ${count} strict`, bytes: await bytes() })
  }
  return rows
}

/** Strict windows of the library itself, on a clock that the stream moves. */
function strict(precision: number): Model {
  return {
    name: `granary, strict window of ${precision} sub-windows`,
    start: (limit, length) => {
      const clock = new ManualClock()
      const set = createRateLimiter({ clock }).define('stream', {
        limits: { stream: window(limit, `${BigInt(length)}ms`, { precision }) },
      })
      return async (at) => {
        clock.advance(Math.max(0, at - clock.now()))
        return (await set.check('all')).ok
      }
    },
  }
}

const LIMIT = 100
const LENGTH = 60_000
const STREAMS = {
  clumps: clumps(LIMIT, LENGTH, 200 * LENGTH, seeded(1)),
  'Poisson at twice the limit': poisson((2 * LIMIT) / LENGTH, 200 * LENGTH, seeded(2)),
}

async function accuracy(): Promise<Row[]> {
  const rows: Row[] = []
  for (const model of [exactLog, strict(16), strict(64), ...ANCHORS]) {
    const [clumped, steady] = [
      await accuracyOf(model, STREAMS.clumps, { limit: LIMIT, length: LENGTH }),
      await accuracyOf(model, STREAMS['Poisson at twice the limit'], { limit: LIMIT, length: LENGTH }),
    ]
    rows.push({
      name: model.name,
      'peak / N, clumps': round(clumped.peak),
      'peak / N, Poisson': round(steady.peak),
      'yield, clumps': round(clumped.yielded),
      'yield, Poisson': round(steady.yielded),
    })
  }
  return rows
}

const LONE_CALLS = 3_000

/** Microseconds that a call takes when there is no other: what it adds to a request. They run by turns, call by call. */
async function loneCalls(): Promise<Row[]> {
  const ping: Candidate<string> = { name: 'PING', call: () => client.ping() }
  const lone = [ping, ...CANDIDATES.filter(({ name }) => /1 strict|1 fixed|5 strict|Union of 5/.test(name))]
  const taken = new Map<string, number[]>(lone.map(({ name }) => [name, []]))
  for (let at = 0; at < LONE_CALLS; at++) {
    for (const { name, call } of lone) {
      const from = performance.now()
      await call(SUBJECTS[at % SUBJECTS.length] as string)
      taken.get(name)?.push((performance.now() - from) * 1_000)
    }
  }
  return lone.map(({ name }) => {
    const sorted = (taken.get(name) ?? []).sort((one, other) => one - other)
    const rank = (share: number) => Math.round(sorted[Math.floor(share * sorted.length)] ?? Number.NaN)
    return { name: `a call alone: ${name}`, 'p50 us': rank(0.5), 'p99 us': rank(0.99) }
  })
}

/** Where a limiter finds its Redis, what happens to that, and how to clean up. */
interface Scene {
  readonly url: string
  trouble(): Promise<unknown>
  end(): Promise<unknown>
}

async function alone(trouble: (redis: RedisServer) => Promise<unknown>): Promise<Scene> {
  const redis = await startRedis()
  return { url: redis.url, trouble: () => trouble(redis), end: () => redis.stop() }
}

/** A replica takes over: the address breaks off, and leads to the replica from then on. */
async function failingOver(): Promise<Scene> {
  const [master, replica] = await Promise.all([startRedis(), startRedis()])
  await replica.command('REPLICAOF', master.host, master.port)
  while (!String(await replica.command('INFO', 'replication')).includes('master_link_status:up'))
    await new Promise((resolve) => setTimeout(resolve, 20))
  let front = await startFaultProxy({ target: master })
  const { url, port } = front
  const trouble = async () => {
    await replica.command('REPLICAOF', 'NO', 'ONE')
    await front.stop()
    front = await startFaultProxy({ target: replica, port })
  }
  return { url, trouble, end: () => Promise.all([front.stop(), master.stop(), replica.stop()]) }
}

/** Milliseconds until 64 calls that are made at once are all decided. */
async function firstDecisions({ url, trouble, end }: Scene): Promise<number> {
  const own: RateLimiter = createRateLimiter({ redis: url, namespace: 'first', logger: SILENT })
  const set = own.define('first', { limits: { minute: window(MANY, '1m') } })
  await own.ready()
  await set.check('user')
  await trouble()
  const from = performance.now()
  await Promise.all(Array.from({ length: 64 }, () => set.check('user')))
  const taken = performance.now() - from
  await own.close()
  await end()
  return taken
}

const TROUBLES: readonly (readonly [string, () => Promise<Scene>])[] = [
  ['closed', () => alone((redis) => redis.kill())],
  ['frozen', () => alone((redis) => redis.pause())],
  ['flushed', () => alone((redis) => redis.command('FLUSHALL'))],
  ['restarted empty', () => alone((redis) => redis.kill().then(() => redis.restart()))],
  ['failed over', failingOver],
]

async function outages(): Promise<Row[]> {
  const rows: Row[] = []
  for (const [name, scene] of TROUBLES) {
    const taken: number[] = []
    for (let at = 0; at < 5; at++) taken.push(await firstDecisions(await scene()))
    rows.push({
      name: `first 64 decisions, Redis ${name} (deadline 50 ms)`,
      'median ms': round(median(taken)),
      'worst ms': round(Math.max(...taken)),
    })
  }
  return rows
}

const GAP_LIMIT = 1_000
/** Milliseconds in which every process has been told how many there are. */
const BEAT = 2_500

/**
 * What is admitted in a window in which Redis was lost, as a multiple of the limit: half of it is used before, then everybody
 * asks for all of it. Each limiter is what a process has: a connection, a place among its peers, what it has heard.
 */
async function admittedInGap(processes: number, trouble: (redis: RedisServer) => Promise<unknown>): Promise<number> {
  const redis = await startRedis()
  const limiters = Array.from({ length: processes }, () =>
    createRateLimiter({ redis: redis.url, namespace: 'gap', logger: SILENT, replicas: processes }),
  )
  const sets = limiters.map((each) => each.define('gap', { limits: { minute: window(GAP_LIMIT, '1m') } }))
  await Promise.all(limiters.map((each) => each.ready()))
  await new Promise((resolve) => setTimeout(resolve, BEAT))
  let admitted = 0
  const ask = async (calls: number) => {
    const asked = sets.flatMap((set) => Array.from({ length: Math.ceil(calls / processes) }, () => set.check('all')))
    for (const { ok } of await Promise.all(asked)) if (ok) admitted += 1
  }
  for (let part = 0; part < 10; part++) await ask(GAP_LIMIT / 20)
  await trouble(redis)
  for (let part = 0; part < 20; part++) await ask((GAP_LIMIT * processes) / 20)
  await Promise.all(limiters.map((each) => each.close()))
  await redis.stop()
  return admitted / GAP_LIMIT
}

async function gaps(): Promise<Row[]> {
  const rows: Row[] = []
  for (const [name, trouble] of [
    ['killed', (redis: RedisServer) => redis.kill()],
    ['frozen', (redis: RedisServer) => redis.pause()],
    ['flushed', (redis: RedisServer) => redis.command('FLUSHALL')],
  ] as const) {
    const [one, four, sixteen] = [
      await admittedInGap(1, trouble),
      await admittedInGap(4, trouble),
      await admittedInGap(16, trouble),
    ]
    rows.push({
      name: `admitted in the window, times the limit: Redis ${name}`,
      '1 process': round(one),
      '4 processes': round(four),
      '16 processes': round(sixteen),
    })
  }
  return rows
}

const loneRows = await loneCalls()
const gapRows = await gaps()
const memoryRows = await memory()
const accuracyRows = await accuracy()
const outageRows = await outages()
const figure = (rows: readonly Row[], name: string, column: string) =>
  Number(rows.find((row) => String(row['name']).includes(name))?.[column])
const goals: Goal[] = [
  atLeast(
    '1 strict window, times rate-limiter-flexible',
    ratio('granary, 1 strict window', 'rate-limiter-flexible, 1 fixed window'),
    1,
  ),
  atLeast(
    '3 strict windows, times its Union of 3',
    ratio('granary, 3 strict windows', 'rate-limiter-flexible, Union of 3 fixed windows'),
    1.8,
  ),
  atLeast(
    '5 strict windows, times its Union of 5',
    ratio('granary, 5 strict windows', 'rate-limiter-flexible, Union of 5 fixed windows'),
    2.5,
  ),
  atMost('Redis us of 1 strict window, least round', leastRedis('granary, 1 strict window'), 6),
  atMost('scripts for 5 limits', Math.round(of('granary, 5 strict windows', 'scripts')), 1),
  atMost('peak / N, clumps', figure(accuracyRows, '16 sub-windows', 'peak / N, clumps'), 1),
  atMost('peak / N, Poisson', figure(accuracyRows, '16 sub-windows', 'peak / N, Poisson'), 1),
  atLeast('yield at 16 sub-windows, Poisson', figure(accuracyRows, '16 sub-windows', 'yield, Poisson'), 0.95),
  atLeast('yield at 64 sub-windows, Poisson', figure(accuracyRows, '64 sub-windows', 'yield, Poisson'), 0.98),
  ...gapRows.map((row) => {
    const most = Math.max(...['1 process', '4 processes', '16 processes'].map((column) => Number(row[column])))
    return atMost(`${String(row['name'])}, most`, most, 2)
  }),
  ...outageRows.map((row) => atMost(`${String(row['name'])}, worst ms`, Number(row['worst ms']), 70)),
]
report(
  'What does a strict rate limit cost, and what does it admit?',
  [...costs, ...loneRows, ...memoryRows, ...accuracyRows, ...outageRows, ...gapRows],
  goals,
)
await limiter.close()
client.disconnect()
await server.stop()
