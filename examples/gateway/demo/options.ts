import { parseArgs } from 'node:util'

/** What the demo was told on its command line. */
export interface DemoOptions {
  readonly processes: number
  /** Length of each of the four measured phases. */
  readonly seconds: number
  readonly seed: number
  readonly redis: boolean
  readonly json: boolean
  readonly help: boolean
}

/** How to call the demo. */
export const USAGE = `npm run demo -- [options]
  --processes N   gateway processes that share one database and one Redis (default 3)
  --seconds N     length of each of the four measured phases (default 8)
  --seed N        seed of the generated accounts and the traffic (default 1)
  --no-redis      one process, memory only
  --json          one JSON object instead of tables
  --help          this text`

/** Reads the command line; throws an error that names what is wrong. */
export function readOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      processes: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '8' },
      seed: { type: 'string', default: '1' },
      'no-redis': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  return {
    processes: wholeNumber('--processes', values.processes, 1, 16),
    seconds: wholeNumber('--seconds', values.seconds, 1, 600),
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 31),
    redis: !values['no-redis'],
    json: values.json,
    help: values.help,
  }
}

function wholeNumber(name: string, text: string, low: number, high: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${name}: '${text}' is not a whole number from ${low} to ${high}`)
  }
  return value
}
