import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { run, summary } from '../../src/calibrate/command.ts'
import { readLog, readPairs } from '../../src/calibrate/labelled-input.ts'
import { plot } from '../../src/calibrate/plot.ts'
import { sweep } from '../../src/calibrate/sweep.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'granary-calibrate-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function calibrate(...args: string[]) {
  const [out, progress]: [string[], string[]] = [[], []]
  const code = await run(args, { out: (text) => void out.push(text), progress: (text) => void progress.push(text) })
  return { code, out: out.join(''), progress: progress.join('') }
}

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const SUBJECTS = [
  'invoices',
  'passwords',
  'parcels',
  'refunds',
  'vouchers',
  'tickets',
  'holidays',
  'contracts',
  'salaries',
  'laptops',
]
const same = (at: number) =>
  `please tell me about ${SUBJECTS[at % 10]} number ${at},tell me about ${SUBJECTS[at % 10]} number ${at},1`
const other = (at: number) => `where do I find ${SUBJECTS[at % 10]},how do I cancel ${SUBJECTS[(at + 3) % 10]},0`
const PAIRS = ['text,other,label', ...Array.from({ length: 200 }, (_, at) => `${same(at)}\n${other(at)}`)].join('\n')

describe('labelled pairs', () => {
  test('give a table, a threshold for the wanted share, and a plot', async () => {
    const svg = join(folder, 'plot.svg')
    const { code, out, progress } = await calibrate(
      '--pairs',
      file('pairs.csv', PAIRS),
      '--wrong',
      '0.05',
      '--svg',
      svg,
    )
    expect(code).toBe(0)
    expect(out).toMatch(/threshold\s+hits\s+precision\s+recall/)
    expect(out).toMatch(/match: \{ threshold: 0\.\d{3} \}/)
    expect(progress).toContain('embedded 800 of 800')
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
  })

  test('that prove nothing are said to prove nothing', async () => {
    const mixed = PAIRS.replaceAll(/,1$/gm, ',0')
    const { out } = await calibrate('--pairs', file('pairs.csv', mixed))
    expect(out).toContain('prove no threshold')
  })

  test('as JSON are one object', async () => {
    const { out } = await calibrate('--pairs', file('pairs.csv', PAIRS), '--json')
    expect(JSON.parse(out)).toMatchObject({ labels: 400, recommended: { threshold: expect.any(Number) } })
  })
})

describe('a log', () => {
  test('also says what a judge that learns would have done', async () => {
    const lines = Array.from({ length: 300 }, (_, at) =>
      JSON.stringify({ text: `tell me about ${SUBJECTS[at % 10]}${'?'.repeat(at % 4)}`, answer: SUBJECTS[at % 10] }),
    )
    const { code, out, progress } = await calibrate('--log', file('log.jsonl', lines.join('\n')), '--wrong', '0.1')
    expect(code).toBe(0)
    expect(out).toMatch(/would have served \d+ requests of this log, 0 of them wrongly/)
    expect(progress).toContain('replayed 300 of 300')
  })
})

describe('what cannot be used is named:', () => {
  test.each([
    ['--pairs, --log', []],
    ['--pairs, --log', ['--pairs', 'a', '--log', 'b']],
    ['--wrong', ['--pairs', 'a', '--wrong', '2']],
    ['--embedder', ['--pairs', 'a', '--embedder', 'gpt']],
    ['arguments', ['--pears', 'a']],
    ['ENOENT', ['--pairs', '/does/not/exist']],
  ])('%s', async (name, args) => {
    const { code, progress } = await calibrate('--confidence', '0.9', ...args)
    expect([code, progress]).toEqual([2, expect.stringContaining(name)])
  })

  test('a line with an odd label', () => {
    expect(() => readPairs('a,b,1\nc,d,perhaps')).toThrow('line 2')
    expect(() => readPairs('a,b')).toThrow('line 1')
    expect(() => readLog('{"text":"a","answer":"b"}\nnonsense')).toThrow('line 2')
  })
})

test('quotes, commas and line ends inside of fields are read as RFC 4180 has them', () => {
  expect(readPairs('"a, ""b""\nc",d,same\r\ne,f,no\n')).toEqual([
    { text: 'a, "b"\nc', other: 'd', same: true },
    { text: 'e', other: 'f', same: false },
  ])
  expect(readLog('what, now?\tan answer\n')).toEqual([{ text: 'what, now?', answer: 'an answer' }])
})

test('the recommended threshold is the lowest whose upper bound keeps to the share', () => {
  const labels = Array.from({ length: 400 }, (_, at) => ({ similarity: at / 400, same: at > 200 }))
  const { recommended, hopeful } = sweep(labels, { maxWrongPerHit: 0.05, confidence: 0.95 })
  expect(recommended?.bound).toBeLessThanOrEqual(0.05)
  expect(recommended?.threshold).toBeGreaterThan(hopeful?.threshold ?? 1)
  expect(recommended?.precision).toBeGreaterThan(0.95)
  expect(plot(sweep(labels, { maxWrongPerHit: 0.05, confidence: 0.95 }), 'a < b & "c"')).toContain(
    'a &lt; b &amp; &quot;c&quot;',
  )
})

test('help says how it is used', async () => {
  expect((await calibrate('--help')).out).toContain('granary calibrate --pairs FILE')
  expect((await calibrate()).code).toBe(2)
  expect(summary).toContain('threshold')
})
