import { parseArgs } from 'node:util'
import { LIBRARY_NAMES } from './libraries/list.ts'
import type { Topology } from './schedule/schedule.ts'

/** What the command line asks for. */
export interface TortureArguments {
  /** How many schedules; under `mutations` the most for each. */
  readonly schedules: number
  readonly seed: number
  /** The simulated world instead of real processes and servers. */
  readonly simulated: boolean
  /** How real servers are arranged. */
  readonly topology: Topology
  readonly library: string
  readonly mutations: boolean
  readonly only: string | undefined
  /** Whether the engine's tables are made so small that they overflow. */
  readonly small: boolean
  /** Whether to go on where the last run stopped, and to add to what it found. */
  readonly resume: boolean
  /** Real schedules at the same time. */
  readonly parallel: number
  /** Print the schedules that broke a promise as they were, which is quicker. */
  readonly unshrunk: boolean
  readonly verbose: boolean
}

/** Schedules when none are asked for: about a minute of each world. */
const USUAL = { real: '100', simulated: '5000', mutations: '2000' }

/** Reads the command line. Throws a `TypeError` that names what cannot be used. */
export function readArguments(argv: readonly string[]): TortureArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      schedules: { type: 'string' },
      seed: { type: 'string', default: '1' },
      simulated: { type: 'boolean', default: false },
      cluster: { type: 'boolean', default: false },
      sentinel: { type: 'boolean', default: false },
      library: { type: 'string', default: 'granary' },
      mutations: { type: 'boolean', default: false },
      only: { type: 'string' },
      small: { type: 'boolean', default: false },
      resume: { type: 'boolean', default: false },
      parallel: { type: 'string', default: '4' },
      unshrunk: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
    },
  })
  const { mutations, simulated, library, schedules } = values
  if (!LIBRARY_NAMES.includes(library))
    throw new TypeError(`--library: '${library}' is not allowed; known are ${LIBRARY_NAMES.join(', ')}`)
  if (simulated && library !== 'granary')
    throw new TypeError(
      `--library: '${library}' is not allowed with --simulated: it takes no clock and no client of ours`,
    )
  const { cluster, sentinel, ...rest } = values
  const topology = cluster ? 'cluster' : sentinel ? 'sentinel' : 'single'
  if (topology !== 'single' && (simulated || mutations || library !== 'granary'))
    throw new TypeError(`--${topology}: it is not allowed with --simulated, --mutations or another library`)
  if (cluster && sentinel) throw new TypeError('--sentinel: it is not allowed with --cluster')
  const usual = mutations ? USUAL.mutations : simulated ? USUAL.simulated : USUAL.real
  return {
    ...rest,
    topology,
    library,
    mutations,
    simulated,
    only: values.only,
    schedules: whole(schedules ?? usual, 'schedules'),
    seed: whole(values.seed, 'seed'),
    parallel: Math.max(1, whole(values.parallel, 'parallel')),
  }
}

function whole(text: string, option: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0)
    throw new TypeError(`--${option}: '${text}' is not allowed; give a whole number from 0`)
  return value
}
