import { parseArgs } from 'node:util'

/** What the command line asks for. */
export interface TortureArguments {
  readonly schedules: number
  readonly seed: number
  readonly mutations: boolean
  readonly only: string | undefined
  /** Whether the engine's tables are made so small that they overflow. */
  readonly small: boolean
  readonly verbose: boolean
}

/** Reads the command line. Throws a `TypeError` that names what cannot be used. */
export function readArguments(argv: readonly string[]): TortureArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      schedules: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '1' },
      mutations: { type: 'boolean', default: false },
      only: { type: 'string' },
      small: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
    },
  })
  const { mutations, only, small, verbose } = values
  return {
    schedules: whole(values.schedules, 'schedules'),
    seed: whole(values.seed, 'seed'),
    mutations,
    only,
    small,
    verbose,
  }
}

function whole(text: string, option: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0)
    throw new TypeError(`--${option}: '${text}' is not allowed; give a whole number from 0`)
  return value
}
