import { parseArgs } from 'node:util'
import { InvalidOption } from '@granary/core'

/** What `granary calibrate` was asked for. */
export interface CalibrateArguments {
  readonly kind: 'pairs' | 'log'
  readonly file: string
  readonly maxWrongPerHit: number
  readonly confidence: number
  readonly embedder: 'lexical' | 'use-lite'
  /** Where to write the plot; undefined for none. */
  readonly svg: string | undefined
  readonly json: boolean
}

/** How the command is used. */
export const USAGE = `granary calibrate --pairs FILE | --log FILE [options]

  --pairs FILE        labelled pairs: text, other text, 1 or 0 (CSV, TSV or JSON lines)
  --log FILE          requests in order: text, answer (CSV, TSV or JSON lines)
  --wrong SHARE       the greatest share of hits that may be wrong; default 0.02
  --confidence SHARE  how sure to be of that; default 0.95
  --embedder NAME     lexical (default) or use-lite (needs the @energetic-ai packages)
  --svg FILE          writes a plot
  --json              writes one JSON object instead of a table
`

/**
 * Reads the command line.
 *
 * @throws InvalidOption naming what cannot be used.
 */
export function readArguments(args: readonly string[]): CalibrateArguments {
  const { pairs, log, embedder = 'lexical', svg, json = false, ...shares } = parsed(args)
  const file = pairs ?? log
  if (file === undefined || (pairs !== undefined && log !== undefined))
    throw new InvalidOption('--pairs, --log', file === undefined ? 'none' : 'both', 'give one of them')
  if (embedder !== 'lexical' && embedder !== 'use-lite')
    throw new InvalidOption('--embedder', embedder, 'it is lexical or use-lite')
  return {
    kind: pairs === undefined ? 'log' : 'pairs',
    file,
    embedder,
    svg,
    json,
    maxWrongPerHit: share('--wrong', shares.wrong ?? '0.02', 0.5),
    confidence: share('--confidence', shares.confidence ?? '0.95', 0.999),
  }
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const
  const options = {
    pairs: text,
    log: text,
    wrong: text,
    confidence: text,
    embedder: text,
    svg: text,
    json: { type: 'boolean' },
  } as const
  try {
    return parseArgs({ args: [...args], options, strict: true }).values
  } catch (error) {
    throw new InvalidOption('arguments', args.join(' '), error instanceof Error ? error.message : 'they cannot be read')
  }
}

function share(option: string, given: string, most: number): number {
  const value = Number(given)
  if (given.trim() !== '' && value >= 0.001 && value <= most) return value
  throw new InvalidOption(option, given, `it is a share from 0.001 to ${most}`)
}
