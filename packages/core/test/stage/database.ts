/** Rows behind a cache. A read sees the row as it is when the read begins, and may be held back until it is released. */
export class Database<V = unknown> {
  readonly rows = new Map<unknown, V>()
  /** The ids read so far, in order. */
  readonly reads: unknown[] = []
  #gate: Promise<void> = Promise.resolve()
  #failure: Error | undefined

  constructor(rows: Iterable<readonly [unknown, V]> = []) {
    for (const [id, row] of rows) this.rows.set(id, row)
  }

  /** Reads one row. */
  async read(id: unknown): Promise<V> {
    this.reads.push(id)
    const seen = this.rows.get(id) as V
    await this.#gate
    if (this.#failure !== undefined) throw this.#failure
    return seen
  }

  /** A loader of one row. */
  reading(id: unknown): () => Promise<V> {
    return () => this.read(id)
  }

  /** From now on reads wait until the returned function is called. */
  hold(): () => void {
    let release = () => {}
    this.#gate = new Promise((resolve) => {
      release = resolve
    })
    return () => {
      release()
      this.#gate = Promise.resolve()
    }
  }

  /** From now on reads fail, until called without an error. */
  fail(error?: Error): void {
    this.#failure = error
  }
}
