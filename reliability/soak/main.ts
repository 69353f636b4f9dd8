import { parseArgs } from 'node:util'
import { soak, verdictOf } from './soak.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, json: { type: 'boolean', default: false } },
})
const minutes = Number(values.minutes)
if (!(minutes > 0)) throw new RangeError(`--minutes: '${values.minutes}' is not a number above 0`)

const report = await soak(
  { minutes, every: 10_000, lasts: 2_500, grownAfter: Math.min(180, minutes * 30), rate: 500 },
  ({ at, heap, sockets, timers }) =>
    process.stderr.write(`${at} s: heap ${(heap / 2 ** 20).toFixed(1)} MiB, ${sockets} sockets, ${timers} timers\n`),
)
process.stderr.write(`${verdictOf(report)}\n`)
process.stdout.write(`${JSON.stringify({ verdict: verdictOf(report), ...report })}\n`)
process.exit(report.ok ? 0 : 1)
