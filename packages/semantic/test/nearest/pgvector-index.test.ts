import { setTimeout as wait } from 'node:timers/promises'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pgvectorIndex, pgvectorSchema } from '../../src/index.ts'
import { vectorIndexContract } from '../contracts/vector-index.ts'
import { randomUnit } from './vectors.ts'

describe('the index in PostgreSQL', () => {
  let database: PGlite
  let tables = 0

  beforeAll(async () => {
    database = await PGlite.create({ extensions: { vector } })
  })

  afterAll(() => database.close())

  const open = (dimensions = 16) => pgvectorIndex({ client: database, dimensions, table: `entries_${tables++}` })

  vectorIndexContract(() => ({ index: open(), settle: async () => {}, pass: wait, close: async () => {} }))

  test('finds the entries of a small scope in a large table', async () => {
    const index = open(32)
    for (let at = 0; at < 400; at++) {
      const entry = { id: `e${at}`, text: '', answer: '', tags: [], vector: randomUnit(32, at) }
      await index.add(at % 40 === 0 ? 'small' : 'large', entry, 60_000)
    }
    const found = await index.search('small', randomUnit(32, 80), 20)
    expect(found.map(({ id }) => id).slice(0, 1)).toEqual(['e80'])
    expect(found).toHaveLength(10)
  })

  test('deletes in passing what has ended', async () => {
    const table = `entries_${tables}`
    const index = open()
    const entry = { text: '', answer: '', tags: [], vector: randomUnit(16, 1) }
    await index.add('scope', { ...entry, id: 'short' }, 1)
    await wait(5)
    await index.add('scope', { ...entry, id: 'long' }, 60_000)
    const { rows } = await database.query(`select id from ${table}`)
    expect(rows).toEqual([{ id: 'long' }])
  })

  test('makes its table by itself, or leaves that to migrations, which may run twice', async () => {
    for (let run = 0; run < 2; run++)
      for (const statement of pgvectorSchema(16, 'made_before')) await database.query(statement)
    const index = pgvectorIndex({ client: database, dimensions: 16, table: 'made_before', migrate: false })
    await index.add('scope', { id: 'a', text: '', answer: '', tags: [], vector: randomUnit(16, 1) }, 60_000)
    expect(await index.search('scope', randomUnit(16, 1), 1)).toHaveLength(1)
    const missing = pgvectorIndex({ client: database, dimensions: 16, table: 'never_made', migrate: false })
    await expect(missing.search('scope', randomUnit(16, 1), 1)).rejects.toThrow('never_made')
  })

  test.each([
    [{ dimensions: 2_001 }, /dimensions: 2001 is not allowed; it is a whole number from 1 to 2,000/],
    [{ table: 'x; drop table users' }, /table: 'x; drop table users' is not allowed/],
    [{ client: {} }, /client: .* is not allowed; it has a method query/],
  ])('%o is refused', (options, message) => {
    expect(() => pgvectorIndex({ client: database, dimensions: 16, ...options } as never)).toThrow(message)
  })
})
