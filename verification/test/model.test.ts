import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { ACKNOWLEDGED } from '../model/acknowledged/system.ts'
import type { Aspect } from '../model/aspect.ts'
import { BATCHES } from '../model/batches/system.ts'
import { ENTRY } from '../model/entry/bounds.ts'
import { explore } from '../model/explore.ts'
import { PRUNING } from '../model/pruning/system.ts'
import { SHARDS } from '../model/shards/system.ts'

vi.setConfig({ testTimeout: 120_000 })

const systemOf = (table: Aspect['bounds'], name: string) => {
  const system = table[name]
  if (system === undefined) throw new Error(`the model has no '${name}'`)
  return system
}

const ASPECTS: readonly Aspect[] = [ENTRY, PRUNING, BATCHES, SHARDS, ACKNOWLEDGED]

/** The small bounds; `npm run model` explores all. */
const SMALL: readonly (readonly [Aspect, string])[] = [
  [ENTRY, 'a writer, a reader'],
  [ENTRY, 'a queued invalidation'],
  [ENTRY, 'a reader that writes'],
  [BATCHES, 'a load that fails, a process that is killed'],
  [SHARDS, 'two shards'],
]

const PLANTED: readonly (readonly [Aspect, string])[] = [
  [ENTRY, 'commit without token'],
  [ENTRY, 'reading noted after the load'],
  [ENTRY, 'joiner unchecked'],
  ...Object.keys(PRUNING.planted).map((bug) => [PRUNING, bug] as const),
  ...Object.keys(BATCHES.planted).map((bug) => [BATCHES, bug] as const),
  ...Object.keys(ACKNOWLEDGED.planted).map((bug) => [ACKNOWLEDGED, bug] as const),
  [SHARDS, 'life of the entry ignored'],
  [SHARDS, 'life of the clock ignored'],
  [SHARDS, 'told before it is deleted'],
]

describe('the model of the protocol', () => {
  test.each(SMALL.map(([aspect, bound]) => [aspect.name, bound, aspect] as const))(
    '%s: breaks no promise in any state within this bound: %s',
    (_, bound, { bounds }) => {
      const { exhausted, violation, states } = explore(systemOf(bounds, bound))
      expect(violation).toBeUndefined()
      expect(exhausted).toBe(true)
      expect(states).toBeGreaterThan(1_000)
    },
  )

  test.each(PLANTED.map(([aspect, bug]) => [aspect.name, bug, aspect] as const))(
    '%s: finds the way to a broken promise when a bug is planted: %s',
    (_, bug, { planted }) => {
      const { violation } = explore(systemOf(planted, bug))
      expect(violation?.what).toMatch(/invalidated|waits for ever|is gone/)
      expect(violation?.steps.length).toBeGreaterThan(3)
    },
  )
})

describe('the page on the model', () => {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
  const page = readFileSync(join(root, 'docs', 'protocol-model.md'), 'utf8')
  const rows = page.split('\n').filter((line) => /^\| .*`[\w/-]+\.ts: /.test(line))

  /** What a cell of the table names: files, and the names that stand in them. */
  const named = (cell: string) =>
    [...cell.matchAll(/`([\w/-]+\.ts): ([^`]+)`/g)].map(([, file = '', name = '']) => ({ file, name }))

  /** Rows with a name and a number. */
  const counted = [...page.matchAll(/^\| ([^|]+) \| ([\d,]+) \|$/gm)].map(
    ([, name = '', number = '']) => [name, Number(number.replaceAll(',', ''))] as const,
  )
  const all = counted.findIndex(([name]) => name === 'all')
  const [bounds, bugs] = [counted.slice(0, all), counted.slice(all + 1)]
  const namesOf = (table: 'bounds' | 'planted') => ASPECTS.flatMap((aspect) => Object.keys(aspect[table]))

  test('names every bound and every planted bug once, and adds the states up', () => {
    expect(bounds).toHaveLength(namesOf('bounds').length)
    expect(bugs).toHaveLength(namesOf('planted').length)
    expect(bounds.reduce((sum, [, states]) => sum + states, 0)).toBe(counted[all]?.[1])
  })

  test.each(Object.entries(ACKNOWLEDGED.bounds))(
    'tells the states of leases, none of which breaks a promise: %s',
    (bound, system) => {
      const row = bounds.find(
        ([name]) => name === `leases: ${bound}` || name === `leases: ${bound.replace(/^leases that/, 'they')}`,
      )
      const { states, exhausted, violation } = explore(system)
      expect({ states, exhausted, violation }).toEqual({ states: row?.[1], exhausted: true, violation: undefined })
    },
  )

  test('maps many steps to code', () => {
    expect(rows.length).toBeGreaterThan(25)
  })

  test.each(rows.flatMap((row) => named(row).map(({ file, name }) => [file, name] as const)))(
    'names what there is: %s has %s',
    (file, name) => {
      const path = [join(root, 'verification', 'model', file), join(root, 'packages', 'core', 'src', file)].find(
        existsSync,
      )
      expect(path, `${file} is in neither the model nor the engine`).toBeDefined()
      const words = name.split(/\W+/).filter((word) => word.length > 1)
      const text = readFileSync(path as string, 'utf8')
      for (const word of words) expect(text, `${file} does not say ${word}`).toMatch(new RegExp(`\\b${word}\\b`))
    },
  )
})
