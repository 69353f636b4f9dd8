import { Demo } from './demo.ts'
import { provideRedis } from './fleet/redis.ts'
import { readOptions, USAGE } from './options.ts'
import { provideDatabase } from './provide-database.ts'
import { concludingLine, isRight, objections, tables } from './report/conclusion.ts'

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
    if (options.json) console.log(JSON.stringify(result))
    else say(tables(result))
    for (const objection of objections(result)) say(`  ! ${objection}`)
    console.log(concludingLine(result))
    return isRight(result) ? 0 : 1
  } finally {
    await stopAll()
  }
}
