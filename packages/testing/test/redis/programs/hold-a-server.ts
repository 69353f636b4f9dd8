import { startRedis } from '../../../src/index.ts'

// Starts a server, says where, and then ends in the way its first argument names.
const redis = await startRedis()
const folder = await redis.config.get('dir')
await new Promise<void>((resolve) => {
  process.stdout.write(`${JSON.stringify({ pid: redis.process.pid, folder })}\n`, () => resolve())
})
switch (process.argv[2]) {
  case 'return':
    break
  case 'throw':
    throw new Error('the test run broke')
  default:
    setInterval(() => {}, 1_000)
}
