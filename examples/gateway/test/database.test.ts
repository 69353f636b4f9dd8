import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { perToken } from '../src/catalog/decimal.ts'
import { readCatalogSnapshot } from '../src/catalog/snapshot.ts'
import { type Database, toSafeInteger } from '../src/database/database.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/database/embedded-postgres.ts'
import { SettableLatency, skewedLow, withLatency } from '../src/database/latency.ts'
import { migrate, statementsOf } from '../src/database/migrate.ts'
import { openDatabase } from '../src/database/open-database.ts'
import { QueryCounter } from '../src/database/query-counter.ts'
import { formatMoney, parseMoney } from '../src/domain/money.ts'

let server: EmbeddedPostgres
const adapters: Record<string, Database> = {}

beforeAll(async () => {
  server = await startEmbeddedPostgres()
  const [postgres, pglite] = await Promise.all([openDatabase(server.url), openDatabase(undefined)])
  Object.assign(adapters, { postgres, pglite })
  for (const database of [postgres, pglite]) await migrate(database)
})

afterAll(async () => {
  for (const database of Object.values(adapters)) await database.close()
  await server.stop()
})

describe.each(['postgres', 'pglite'])('the database port over %s', (adapter) => {
  const database = () => adapters[adapter] as Database

  test('gives ids as numbers, money as text and instants as dates', async () => {
    const [row] = await database().query(
      `select 9007199254740991::bigint as id, 1.50::numeric(10, 4) as money, timestamptz '2026-01-02 03:04:05.678Z' as instant,
         array['a', 'b'] as names, '{"a": [1]}'::jsonb as settings, true as flag, null::text as nothing`,
    )
    expect(row).toEqual({
      id: 9_007_199_254_740_991,
      money: '1.5000',
      instant: new Date('2026-01-02T03:04:05.678Z'),
      names: ['a', 'b'],
      settings: { a: [1] },
      flag: true,
      nothing: null,
    })
  })

  test('refuses an id that a number cannot hold, instead of answering with another id', async () => {
    await expect(database().query('select 9007199254740993::bigint as id')).rejects.toThrow(RangeError)
  })

  test('keeps what a transaction wrote when it resolves, and nothing when it rejects', async () => {
    await database().query('create table if not exists kept (name text)')
    await database().transaction((transaction) => transaction.query('insert into kept values ($1)', ['first']))
    const failed = database().transaction(async (transaction) => {
      await transaction.query('insert into kept values ($1)', ['second'])
      throw new Error('changed my mind')
    })
    await expect(failed).rejects.toThrow('changed my mind')
    expect(await database().query('select name from kept')).toEqual([{ name: 'first' }])
  })

  test('has the schema of the migrations, and no column that could hold a key in the clear', async () => {
    const columns = await database().query<{ name: string }>(
      `select column_name as name from information_schema.columns where table_name = 'api_keys_new'`,
    )
    expect(columns.map(({ name }) => name)).toEqual(expect.arrayContaining(['key_hash', 'last4']))
    expect(columns.map(({ name }) => name)).not.toEqual(expect.arrayContaining(['api_key']))
    expect(await migrate(database())).toEqual([])
  })
})

test('several processes may migrate at once: each migration is applied once', async () => {
  const fresh = adapters['postgres'] as Database
  await fresh.query('create schema race')
  const url = new URL(server.url)
  url.searchParams.set('options', '-c search_path=race')
  const racers = await Promise.all([1, 2, 3].map(() => openDatabase(url.href)))
  const applied = await Promise.all(racers.map(migrate))
  for (const racer of racers) await racer.close()
  expect(applied.flat().sort()).toEqual([
    '0001_accounts.sql',
    '0002_plans.sql',
    '0003_credits.sql',
    '0004_catalog.sql',
    '0005_outbox.sql',
  ])
})

test('an embedded server ends with its process, even with one that was killed', async () => {
  const flags = ['--conditions=@granary/source', `--import=${import.meta.resolve('tsx')}`, '--input-type=module', '-e']
  const module = JSON.stringify(fileURLToPath(new URL('../src/database/embedded-postgres.ts', import.meta.url)))
  const program = `const { startEmbeddedPostgres } = await import(${module}); console.log((await startEmbeddedPostgres()).url); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, [...flags, program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(new URL(said.toString().trim()).port)
  expect(await accepts(port)).toBe(true)
  child.kill('SIGKILL')
  await expect.poll(() => accepts(port), { timeout: 10_000 }).toBe(false)
})

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('close', () => socket.destroy())
    socket.end()
  })
}

test('a migration is split at the ends of its statements, and comments are no statements', () => {
  const text = '-- first; not a statement\ncreate table a (b text);\n\ninsert into a\n  values (1); \n-- done\n'
  expect(statementsOf(text)).toEqual(['create table a (b text)', 'insert into a\n  values (1)'])
})

test('emulated latency delays every statement, also those in a transaction, and can be switched off', async () => {
  const latency = new SettableLatency(() => 0)
  const far = withLatency(adapters['postgres'] as Database, latency)
  const timed = async (work: () => Promise<unknown>) => {
    const started = performance.now()
    await work()
    return performance.now() - started
  }
  latency.set([60, 60])
  expect(await timed(() => far.query('select 1'))).toBeGreaterThan(55)
  const twice = (database: Database) =>
    database.transaction(async (transaction) => {
      await transaction.query('select 1')
      await transaction.query('select 2')
    })
  expect(await timed(() => twice(far))).toBeGreaterThan(110)
  latency.set(undefined)
  expect(latency.sample()).toBe(0)
})

test('a range of latency that is none is refused', () => {
  const latency = new SettableLatency(Math.random)
  expect(() => latency.set([100, 50])).toThrow('[100, 50] is not a range')
  expect(() => latency.set([-1, 50])).toThrow(RangeError)
})

test('samples of latency stay in their range and lean to its low end', () => {
  const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(fc.property(unit, (value) => skewedLow([50, 150], value) >= 50 && skewedLow([50, 150], value) < 150))
  expect(skewedLow([50, 150], 0.5)).toBe(75)
})

test('the counter counts every statement that reaches the database', async () => {
  const counter = new QueryCounter()
  const counted = counter.count(adapters['postgres'] as Database)
  await counted.query('select 1')
  await counted.transaction((transaction) => transaction.query('select 2'))
  expect(counter.queries).toBe(2)
})

test('bigint text becomes the same number or an error, never another number', () => {
  fc.assert(fc.property(fc.maxSafeInteger(), (value) => toSafeInteger(String(value)) === value))
  fc.assert(
    fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }), (value) => {
      expect(() => toSafeInteger(String(value))).toThrow(RangeError)
    }),
  )
})

test('money survives reading and writing, and what is no amount is refused', () => {
  const units = fc.bigInt({ min: -9_999_999_999n, max: 9_999_999_999n })
  fc.assert(fc.property(units, (value) => parseMoney(formatMoney(value)) === value))
  for (const text of ['', '1e3', '1.23456', '12,50', ' 1', '1234567', 'NaN'])
    expect(() => parseMoney(text)).toThrow(RangeError)
})

test('the catalog snapshot is a real catalog: above 1,000 models, each once, with prices that are exact decimals', () => {
  const { providers, models } = readCatalogSnapshot()
  expect(models.length).toBeGreaterThan(1_000)
  expect(new Set(models.map(({ provider, id }) => `${provider}/${id}`)).size).toBe(models.length)
  const slugs = new Set(providers.map(({ slug }) => slug))
  expect(models.every(({ provider }) => slugs.has(provider))).toBe(true)
  const prices = models.flatMap(({ price }) => (price === null ? [] : [price]))
  expect(prices.length).toBeGreaterThan(1_000)
  expect(prices.every(({ input, output }) => /^\d+\.\d{15}$/.test(input) && /^\d+\.\d{15}$/.test(output))).toBe(true)
  expect(perToken(2.5)).toBe('0.000002500000000')
  expect(() => perToken(-1)).toThrow(RangeError)
})
