import { Demo, type DemoResult } from './demo.ts'
import { provideRedis } from './fleet/redis.ts'
import { readOptions, USAGE } from './options.ts'
import { provideDatabase } from './provide-database.ts'
import { comparison, percent, time } from './report/tables.ts'

const options = readOptions(process.argv.slice(2))
if (options.help) {
  console.log(USAGE)
} else {
  // With --json the tables would be in the way of whoever reads the object: what is said goes to stderr.
  const output = options.json ? process.stderr : process.stdout
  process.exitCode = await run((line) => output.write(`${line}\n`), output)
}

async function run(say: (line: string) => void, output: NodeJS.WriteStream): Promise<number> {
  const redis = await provideRedis(process.env['REDIS_URL'], options.redis)
  const database = await provideDatabase(process.env['DATABASE_URL'])
  const stopAll = async () => {
    await redis.stop()
    await database.stop()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stopAll().finally(() => process.exit(130)))
  }
  try {
    const processes =
      redis.url === undefined ? '1 gateway process, memory only' : `${options.processes} gateway processes`
    say(`${processes}; ${redis.description}; ${database.description}`)
    const demo = await Demo.prepare({ options, database, redis, say, output })
    const result = await demo.run()
    return conclude(result, say)
  } finally {
    await stopAll()
  }
}

function conclude(result: DemoResult, say: (line: string) => void): number {
  const { near, far, differences, lost } = result
  const phases = [near.before, near.after, far.before, far.after]
  if (options.json) console.log(JSON.stringify(result))
  else sayTables(result, say)
  const requests = sum(phases.map((phase) => phase.requests))
  const stale = sum(phases.map((phase) => phase.stale))
  const errors = sum(phases.map((phase) => phase.errors)) + differences.length + lost
  for (const example of [...phases.flatMap((phase) => phase.examples), ...differences].slice(0, 10))
    say(`  ! ${example}`)
  const saved = 1 - near.after.queriesPerRequest / near.before.queriesPerRequest
  const verdict = stale === 0 && errors === 0 ? 'ok' : 'failed'
  console.log(
    `demo: ${verdict} requests=${requests} hit_rate=${percent(near.after.hitRate)} db_queries_saved=${percent(saved)} ` +
      `stale_reads=${stale} errors=${errors}`,
  )
  return verdict === 'ok' ? 0 : 1
}

function sayTables({ near, far, differences }: DemoResult, say: (line: string) => void): void {
  say(`\n${comparison('On the database as it is, on this machine:', near.before, near.after)}`)
  say(
    `\n${comparison('With emulated latency, 50 to 150 ms per statement (a database far away):', far.before, far.after)}`,
  )
  const judged = near.after.judged + far.after.judged
  const queued = near.after.queued + far.after.queued
  const largest = Math.max(near.after.largestStaleness, far.after.largestStaleness)
  const noticeable =
    near.after.shareNoticeablyStale * near.after.judged + far.after.shareNoticeablyStale * far.after.judged
  say(`\n  ${judged} answers of the cached gateway judged one by one; largest staleness seen ${time(largest)}, `)
  say(
    `  ${percent(judged === 0 ? 0 : noticeable / judged)} of them older than 50 ms; ${queued} changes waited for Redis to return`,
  )
  say(`  300 users and the whole catalog compared with the database: ${differences.length} differences`)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0)
}
