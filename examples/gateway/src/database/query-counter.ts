import type { Database, Queryable } from './database.ts'

/** Counts the statements that reach a database; what the cache saves is the difference between two counts. */
export class QueryCounter {
  #queries = 0

  /** Statements so far, those inside transactions included. */
  get queries(): number {
    return this.#queries
  }

  /** A database that is counted here. */
  count(database: Database): Database {
    return {
      query: this.#counted(database),
      transaction: (work) => database.transaction((inner) => work({ query: this.#counted(inner) })),
      close: () => database.close(),
    }
  }

  #counted(on: Queryable): Queryable['query'] {
    return (text, values) => {
      this.#queries += 1
      return on.query(text, values)
    }
  }
}
