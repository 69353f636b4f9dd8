import { parseArgs } from 'node:util'
import { MISCHIEF } from './mischief.ts'
import { type SoakReport, soak, verdictOf } from './soak.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    every: { type: 'string', default: '10000' },
    lasts: { type: 'string', default: '2500' },
    rate: { type: 'string', default: '500' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})

/** The number of an option. Exits when it is none. */
function numberOf(name: 'minutes' | 'every' | 'lasts' | 'rate'): number {
  const number = Number(values[name])
  if (number > 0) return number
  throw new RangeError(`--${name}: '${values[name]}' is not a number above 0`)
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(2)
}

const seed = Number(values.seed)
if (!Number.isSafeInteger(seed)) throw new RangeError(`--seed: '${values.seed}' is not a whole number`)
const names = MISCHIEF.map(({ name }) => name)
const only = values.only?.split(',')
const unknown = only?.find((name) => !names.includes(name))
if (unknown !== undefined) throw new RangeError(`--only: '${unknown}' is none of ${names.join(', ')}`)
const minutes = numberOf('minutes')

const report: SoakReport = await soak(
  {
    minutes,
    every: numberOf('every'),
    lasts: numberOf('lasts'),
    grownAfter: Math.min(180, minutes * 30),
    rate: numberOf('rate'),
    seed,
    ...(only === undefined ? {} : { only }),
  },
  ({ at, heap, engine, sockets, timers }) =>
    process.stderr.write(
      `${at} s: heap ${mebibytes(heap)} MiB, V8's own ${mebibytes(engine)} MiB, ${sockets} sockets, ${timers} timers\n`,
    ),
)
for (const { what, events } of report.explained) process.stderr.write(`\n${what}:\n  ${events.join('\n  ')}\n`)
process.stderr.write(`${verdictOf(report)}\n`)
process.stdout.write(`${JSON.stringify({ verdict: verdictOf(report), ...report })}\n`)
process.exit(report.ok ? 0 : 1)
