import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readOptions } from '../demo/options.ts'
import { describeOutage } from '../demo/outage.ts'
import { summarise } from '../demo/report/latency.ts'
import { Setbacks } from '../demo/traffic/setbacks.ts'
import { Zipf } from '../demo/traffic/zipf.ts'
import { SeededRandom } from '../src/seed/random.ts'

const PROGRAM = fileURLToPath(new URL('../demo/main.ts', import.meta.url))
const TSCONFIG = fileURLToPath(new URL('../tsconfig.json', import.meta.url))
const MINUTES = 60_000

/** Runs the demo as `npm run demo` does. */
function runDemo(args: readonly string[]): Promise<{ code: number; lines: string[]; stderr: string }> {
  const flags = ['--conditions=@granary/source', `--import=${import.meta.resolve('tsx')}`]
  const env = { ...process.env, TSX_TSCONFIG_PATH: TSCONFIG }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [...flags, PROGRAM, ...args], { env }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, lines: stdout.trimEnd().split('\n'), stderr })
    })
  })
}

const OK_LINE = /^demo: ok requests=\d{3,} hit_rate=\d+\.\d% db_queries_saved=-?\d+\.\d% stale_reads=0 errors=0$/

describe('npm run demo', () => {
  test('ends with its ok line: several processes, a Redis that is killed and comes back, every answer right', {
    timeout: 3 * MINUTES,
  }, async () => {
    const { code, lines, stderr } = await runDemo(['--seconds', '2', '--processes', '2'])
    expect(stderr.slice(0, 1_000)).toBe('')
    expect(lines.at(-1)).toMatch(OK_LINE)
    expect(code).toBe(0)
    expect(lines.join('\n')).toContain('2 of 2 processes noticed')
    expect(lines.join('\n')).toContain('With emulated latency, 50 to 150 ms')
    expect(lines.join('\n')).toMatch(/Chat answers: [1-9]\d*, of them \d+ exact and \d+ by meaning/)
    expect(lines.join('\n')).toContain("of all, 0 were another user's")
  })

  test('runs in one process and memory alone, and gives its figures as JSON', { timeout: 3 * MINUTES }, async () => {
    const { code, lines } = await runDemo(['--seconds', '2', '--no-redis', '--json'])
    expect(lines).toHaveLength(2)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      processes: 1,
      differences: [],
      near: { before: { cached: false, hitRate: 0, stale: 0 }, after: { cached: true, stale: 0, largestStaleness: 0 } },
      far: { after: { emulatedLatency: true } },
    })
    expect(JSON.parse(lines[0] ?? '').near.after.hitRate).toBeGreaterThan(0.5)
    expect(lines[1]).toMatch(OK_LINE)
    expect(code).toBe(0)
  })

  test('refuses what it does not understand, and says what it does', async () => {
    expect(() => readOptions(['--processes', 'many'])).toThrow("--processes: 'many' is not a whole number from 1 to 16")
    expect(() => readOptions(['--speed', '9'])).toThrow('--speed')
    expect(readOptions(['--seed', '7', '--no-redis'])).toMatchObject({ seed: 7, redis: false, processes: 3 })
  })
})

test('an outage counts as over when the last process uses Redis again', () => {
  const times = { killedAt: 100, backAt: 200 }
  const all = [
    { lost: 101, recovered: 230 },
    { lost: 110, recovered: 250 },
  ]
  expect(describeOutage(times, all)).toEqual({ downFor: 100, noticed: 2, recoveredWithin: 50 })
  expect(describeOutage(times, [...all, { lost: 105, recovered: undefined }]).recoveredWithin).toBeUndefined()
  expect(describeOutage(times, [{ lost: undefined, recovered: undefined }]).noticed).toBe(0)
  // One had lost Redis before, and had it back in time or not.
  expect(describeOutage(times, [{ lost: 50, recovered: 60 }]).noticed).toBe(0)
  expect(describeOutage(times, [{ lost: 50, recovered: 240 }])).toMatchObject({ noticed: 1, recoveredWithin: 40 })
})

test('who was locked out is let in again, though the first request to do so is never sent', () => {
  const out = new Set<string>()
  const setbacks = new Setbacks<string>()
  const due = () => setbacks.due((user) => out.has(user))
  setbacks.add('ada')
  setbacks.add('bob')
  expect(due(), 'nobody is out yet').toBeUndefined()
  out.add('bob').add('ada')
  expect([due(), due()], 'until it is done').toEqual(['ada', 'ada'])
  out.delete('ada')
  expect(due()).toBe('bob')
  setbacks.add('ada')
  out.add('ada')
  expect(due(), 'who has been out for longer').toBe('bob')
  out.delete('bob')
  expect(due()).toBe('ada')
})

test('traffic is skewed: the first of a hundred ranks comes up about twice as often as the second', () => {
  const random = new SeededRandom(3)
  const zipf = new Zipf(100, 1, () => random.next())
  const counts = new Array<number>(100).fill(0)
  for (let draw = 0; draw < 20_000; draw += 1) {
    const rank = zipf.next()
    counts[rank] = (counts[rank] ?? 0) + 1
  }
  expect((counts[0] ?? 0) / (counts[1] ?? 1)).toBeGreaterThan(1.7)
  expect((counts[0] ?? 0) / (counts[1] ?? 1)).toBeLessThan(2.3)
  expect(counts.every((count) => count > 0)).toBe(true)
})

test('latencies are summed up by rank, and nothing by nothing', () => {
  const series = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(summarise(series)).toEqual({ average: 50.5, p50: 51, p95: 96, p99: 100 })
  expect(summarise([])).toEqual({ average: 0, p50: 0, p95: 0, p99: 0 })
})
