import { InvalidOption } from '@granary/core'
import type { Neighbour, NewIndexEntry, VectorIndex } from './vector-index.ts'

/** The part of a PostgreSQL client that the index uses: a `pg` pool or client, PGlite, or anything of this shape. */
export interface PgClient {
  /** Runs one statement with its parameters. */
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}

/** Options of {@link pgvectorIndex}. */
export interface PgvectorIndexOptions {
  /** Runs the statements; it stays yours, and open. */
  readonly client: PgClient
  /** Length of the vectors: the embedder's `dimensions`, from 1 to 2,000 (what pgvector can index). */
  readonly dimensions: number
  /** Table of the entries, without schema or with one (`app.entries`). Default: `granary_semantic`. */
  readonly table?: string
  /** Creates the extension and the table before the first use, when they are missing. Default: true. Off: run {@link pgvectorSchema} in your migrations. */
  readonly migrate?: boolean
}

const NAME = /^[a-z_][a-z0-9_]{0,40}(\.[a-z_][a-z0-9_]{0,40})?$/

/**
 * The statements that make the table of a {@link pgvectorIndex}, for those who run migrations themselves. They may be run again.
 *
 * The index on the vectors is HNSW (Malkov and Yashunin, 2016). Within a small scope PostgreSQL compares with every entry, which
 * is exact.
 *
 * @throws InvalidOption when the table's name or the dimensions cannot be used.
 */
export function pgvectorSchema(dimensions: number, table = 'granary_semantic'): readonly string[] {
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > 2_000)
    throw new InvalidOption('dimensions', dimensions, 'it is a whole number from 1 to 2,000')
  if (!NAME.test(table))
    throw new InvalidOption('table', table, 'it is a name of small letters, digits and _, with a schema or without')
  const plain = table.replace('.', '_')
  return [
    'create extension if not exists vector',
    `create table if not exists ${table} (
      scope text not null, id text not null, answer text not null, body text not null, tags text[] not null,
      embedding vector(${dimensions}) not null, ends timestamptz not null, primary key (scope, id)
    )`,
    `create index if not exists ${plain}_ends on ${table} (ends)`,
    `create index if not exists ${plain}_tags on ${table} using gin (tags)`,
    `create index if not exists ${plain}_embedding on ${table} using hnsw (embedding vector_cosine_ops)`,
  ]
}

/**
 * The index of a fleet in PostgreSQL with the pgvector extension. In a large table with many scopes set `hnsw.iterative_scan` (pgvector 0.8)
 * for the role, or the vectors' index may find fewer entries of the scope than there are.
 *
 * What one process adds or deletes the next search of any other knows. What has ended is never shown, and deleted in passing.
 * Time is the database server's.
 *
 * @throws InvalidOption when an option cannot be used.
 */
export function pgvectorIndex(options: PgvectorIndexOptions): VectorIndex {
  return new PgvectorIndex(options)
}

/** Entries that have ended and are deleted with one that is added. */
const SWEEP = 100

interface Row {
  readonly id: string
  readonly body: string
  readonly answer: string
  readonly tags: readonly string[]
  readonly similarity: number
}

class PgvectorIndex implements VectorIndex {
  readonly #client: PgClient
  readonly #table: string
  readonly #schema: readonly string[]
  #ready: Promise<void> | undefined

  constructor({ client, dimensions, table = 'granary_semantic', migrate = true }: PgvectorIndexOptions) {
    if (typeof client?.query !== 'function')
      throw new InvalidOption('client', client, 'it has a method query(text, values)')
    this.#client = client
    this.#schema = pgvectorSchema(dimensions, table)
    this.#table = table
    if (!migrate) this.#ready = Promise.resolve()
  }

  async add(scope: string, entry: NewIndexEntry, ttl: number, signal?: AbortSignal): Promise<void> {
    const { id, answer, text, tags, vector } = entry
    await this.#run(
      `with ended as (
        delete from ${this.#table} where ctid in (select ctid from ${this.#table} where ends <= now() limit ${SWEEP})
      )
      insert into ${this.#table} (scope, id, answer, body, tags, embedding, ends)
      values ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 millisecond')
      on conflict (scope, id) do update set answer = excluded.answer, body = excluded.body, tags = excluded.tags,
        embedding = excluded.embedding, ends = excluded.ends`,
      [scope, id, answer, text, [...tags], asVector(vector), ttl],
      signal,
    )
  }

  async search(
    scope: string,
    vector: Float32Array,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly Neighbour[]> {
    const rows = await this.#run(
      `select id, body, answer, tags, 1 - (embedding <=> $2) as similarity from ${this.#table}
      where scope = $1 and ends > now() order by embedding <=> $2 limit $3`,
      [scope, asVector(vector), limit],
      signal,
    )
    return (rows as readonly Row[]).map(({ id, body, answer, tags, similarity }) => ({
      id,
      text: body,
      answer,
      tags,
      similarity: Number(similarity),
    }))
  }

  async relink(scope: string, id: string, answer: string, signal?: AbortSignal): Promise<void> {
    await this.#run(`update ${this.#table} set answer = $3 where scope = $1 and id = $2`, [scope, id, answer], signal)
  }

  async delete(scope: string, id: string, signal?: AbortSignal): Promise<void> {
    await this.#run(`delete from ${this.#table} where scope = $1 and id = $2`, [scope, id], signal)
  }

  async deleteTagged(tag: string, signal?: AbortSignal): Promise<void> {
    await this.#run(`delete from ${this.#table} where tags @> array[$1]`, [tag], signal)
  }

  /** The client is the caller's, and stays open. */
  async close(): Promise<void> {}

  /** Runs a statement; a signal that fires ends the waiting, and not the statement. */
  async #run(text: string, values: unknown[], signal: AbortSignal | undefined): Promise<readonly unknown[]> {
    signal?.throwIfAborted()
    const work = this.#migrated().then(() => this.#client.query(text, values))
    if (signal === undefined) return (await work).rows
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(signal.reason)
      signal.addEventListener('abort', giveUp, { once: true })
      work.then(({ rows }) => resolve(rows), reject).finally(() => signal.removeEventListener('abort', giveUp))
    })
  }

  /** Makes the table, once; again when that failed. */
  #migrated(): Promise<void> {
    this.#ready ??= this.#migrate().catch((error: unknown) => {
      this.#ready = undefined
      throw error
    })
    return this.#ready
  }

  async #migrate(): Promise<void> {
    for (const statement of this.#schema) await this.#client.query(statement)
  }
}

/** A vector in pgvector's own notation. */
function asVector(vector: Float32Array): string {
  return `[${vector.join(',')}]`
}
