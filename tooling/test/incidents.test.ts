import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesBelow, packages, root, shown } from '../workspace.mjs'

const page = join(root, 'docs', 'incidents.md')

interface Row {
  readonly number: number
  /** The test files that the row names. */
  readonly files: readonly string[]
}

const rows: readonly Row[] = readFileSync(page, 'utf8')
  .split('\n')
  .filter((line) => /^\| \d+ \|/.test(line))
  .map((line) => ({
    number: Number(line.split('|')[1]),
    files: [...line.matchAll(/\]\(([^)]+\.test\.ts)\)/g)].map(([, path]) => resolve(dirname(page), path as string)),
  }))

/** The numbers of incidents that titles and cases in a test file name. */
function namedIn(file: string): Set<number> {
  const titles = readFileSync(file, 'utf8').matchAll(/incidents? (\d+(?:(?:, | and )\d+)*)/g)
  return new Set([...titles].flatMap(([, list]) => (list as string).split(/, | and /).map(Number)))
}

describe('the page of incidents', () => {
  test('has each of the thirty-five, in order', () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 35 }, (_, at) => at + 1))
  })

  test.each(rows)('incident $number is named by a test in every file that the page gives', ({ number, files }) => {
    expect(files).not.toEqual([])
    expect(files.filter((file) => !namedIn(file).has(number)).map((file) => shown(file))).toEqual([])
  })
})

test('incident 34: no test stands on a mock of Redis, and none is skipped, narrowed or left for later', () => {
  const folders = [
    ...packages().map(({ directory }) => directory),
    ...['examples', 'verification', 'reliability'].map((name) => join(root, name)),
  ]
  const tests = folders.flatMap((folder) => filesBelow(folder, (path) => path.endsWith('.test.ts')))
  expect(tests.length).toBeGreaterThan(100)
  const weak = /\b(?:vi|jest)\.mock\(|ioredis-mock|\b(?:it|test|describe)\.(?:skip|only|todo|skipIf|runIf)\b/
  expect(tests.filter((path) => weak.test(readFileSync(path, 'utf8'))).map((path) => shown(path))).toEqual([])
})
