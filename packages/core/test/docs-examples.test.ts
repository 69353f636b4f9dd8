import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transform } from 'esbuild'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type Cache,
  type CacheOptions,
  createCache,
  currentLoad,
  GranaryError,
  ms,
  postgresOutbox,
  redisHandle,
} from '../src/index.ts'
import { LogRecorder } from './stage/log-recorder.ts'
import { useRedis } from './stage/redis-stage.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const stage = useRedis()
const opened: Cache[] = []

/** The code blocks of a text, without the asterisks of a comment, by the line on which they begin. */
function examplesOf(text: string): readonly (readonly [line: number, code: string])[] {
  return [...text.matchAll(/^([ *]*)```ts\n([\s\S]*?)^\1```/gm)].map(({ index, 1: margin, 2: code }) => [
    text.slice(0, index).split('\n').length,
    (code as string).replaceAll(new RegExp(`^${(margin as string).trimEnd().replaceAll('*', '\\*')} ?`, 'gm'), ''),
  ])
}

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.ts'),
)
const EXAMPLES = [...sources.map((path) => join('src', path)), 'README.md'].map((path) => ({
  path,
  examples: examplesOf(readFileSync(join(root, path), 'utf8')),
}))

/** Turns a line that ends in a comment of one plain value into an assertion of it. */
function asserted(line: string): string {
  const [, statement, comment] = /^(.*?)\s*\/\/ (.+)$/.exec(line) ?? []
  if (statement === undefined || comment === undefined || !isPlainValue(comment)) return line
  const name = /^\s*const (\w+) =/.exec(statement)?.[1]
  return name === undefined ? `same(${statement.trim()}, ${comment})` : `${statement}; same(${name}, ${comment})`
}

function isPlainValue(text: string): boolean {
  return /^('[^']*'|-?\d+(\.\d+)?|true|false|null|undefined)$/.test(text)
}

/** A database that knows no better than to say that there is a row. */
const SQL = { query: async (text: string) => ({ rows: text.startsWith('INSERT') ? [{ id: 1 }] : [] }) }

let assertions = 0

/** Everything that an example may name without importing it. */
const surroundings = {
  createCache: (options: CacheOptions) => {
    const cache = createCache({ logger: new LogRecorder('error'), ...options, namespace: stage.namespace })
    opened.push(cache)
    return cache
  },
  currentLoad,
  ms,
  GranaryError,
  db: {
    userById: async (id: number) => ({ id, name: 'Ada' }),
    openOrders: async () => ['one', 'two'],
    transaction: <T>(work: (sql: typeof SQL) => Promise<T>) => work(SQL),
  },
  pool: { ...SQL, connect: async () => SQL },
  postgresOutbox,
  redisHandle,
  fetch: async (_: string, { signal }: { signal: AbortSignal }) => expect(signal.aborted).toBe(false),
  url: 'https://example.com',
  same: (seen: unknown, expected: unknown) => {
    assertions += 1
    expect(seen).toEqual(expected)
  },
}

/** Runs examples one after the other, each seeing what those before it have declared. */
async function run(examples: readonly string[], before: string): Promise<void> {
  const code = [before, ...examples]
    .join('\n')
    .split('\n')
    .filter((line) => !line.startsWith('import '))
    .map(asserted)
    .join('\n')
  const { code: script } = await transform(`async () => {\n${code}\n}`, { loader: 'ts', target: 'es2023' })
  const names = Object.keys(surroundings)
  const example = new Function(...names, `return (${script.trim().replace(/;$/, '')})()`)
  await example(...names.map((name) => surroundings[name as keyof typeof surroundings]))
}

beforeAll(() => {
  process.env['REDIS_URL'] = stage.redis.url
})
beforeEach(() => {
  assertions = 0
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((cache) => cache.close()))
})

describe('examples in doc comments work', () => {
  const comments = EXAMPLES.filter(({ path, examples }) => path !== 'README.md' && examples.length > 0)

  test('there are some', () => {
    expect(comments.length).toBeGreaterThanOrEqual(4)
  })

  test.each(comments.flatMap(({ path, examples }) => examples.map(([line, code]) => ({ path, line, code }))))(
    '$path:$line',
    async ({ code }) => {
      const inLoad = code.includes('currentLoad()')
      const setting = code.includes('createCache') ? '' : "const cache = createCache({ redis: 'env' })"
      if (inLoad) await run(['await cache.getOrSet("example", [], async () => {', code, '})'], setting)
      else await run([code], setting)
    },
  )

  test('a value that an example states is compared', async () => {
    await run(["ms(1500) // '1500ms'", 'const two = 1 + 1 // 2', '3 // loads'], '')
    expect(assertions).toBe(2)
    await expect(run(["ms(1500) // '1501ms'"], '')).rejects.toThrow(/1500ms/)
  })
})

describe('the examples of the README work', () => {
  test('one after the other', async () => {
    const readme = EXAMPLES.find(({ path }) => path === 'README.md')
    await run(
      (readme?.examples ?? []).map(([, code]) => code),
      '',
    )
    expect(assertions).toBeGreaterThanOrEqual(3)
    expect(opened[0]?.stats()).toMatchObject({ hitsL1: 1, loads: 3, redisAvailable: true })
  })
})
