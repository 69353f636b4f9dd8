import { AsyncLocalStorage } from 'node:async_hooks'
import { type Cache, type Outbox, postgresOutbox, type SqlClient } from '@granary/core'
import { defineMethodDecorator } from '@granary/decorators'
import type { Database, Queryable } from './database.ts'

/**
 * Makes a service call one database transaction and one transaction of the cache: what it invalidates is written to the
 * outbox with its rows, and sent when they are committed.
 *
 * The decorators of a service act after its method has returned, so the database's transaction has to be opened around them:
 * whatever the method does on {@link UnitOfWork.database} joins it.
 */
export class UnitOfWork {
  /** The database as services see it: inside a unit of work, its transaction. */
  readonly database: Database
  readonly outbox: Outbox<SqlClient>
  readonly #cache: Cache
  readonly #database: Database
  readonly #current = new AsyncLocalStorage<Queryable>()

  /** `reader` is asked for what is due; default: `database`. */
  constructor(database: Database, cache: Cache, reader: Database = database) {
    this.#database = database
    this.#cache = cache
    this.outbox = postgresOutbox({ database: asSqlClient(reader) })
    this.database = {
      query: (text, values) => (this.#current.getStore() ?? database).query(text, values),
      transaction: (work) => {
        const current = this.#current.getStore()
        return current === undefined ? database.transaction(work) : work(current)
      },
      close: () => database.close(),
    }
  }

  /** Runs `work` in one transaction; a rejection takes back its rows and drops what it has invalidated. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#current.getStore() !== undefined) return work()
    return this.#cache.transaction((pending) =>
      this.#database.transaction(async (transaction) => {
        const result = await this.#current.run(transaction, work)
        await pending.save(this.outbox, asSqlClient(transaction))
        return result
      }),
    )
  }

  /** Makes the methods of a service that are marked {@link InUnitOfWork} units of this work; answers the service. */
  adopt<S extends object>(service: S): S {
    units.set(service, this)
    return service
  }
}

/** Services by the unit of work that their marked methods are part of. */
const units = new WeakMap<object, UnitOfWork>()

/**
 * Marks a method whose rows and whose invalidations are committed together. Put it above `@Invalidates`, which acts after the
 * method has returned. On a service that no unit of work has adopted it changes nothing.
 */
export function InUnitOfWork() {
  return defineMethodDecorator({
    kind: 'unit-of-work',
    decorator: '@InUnitOfWork',
    plan: ({ method }) => ({
      wrapper: {
        async wrapper(this: object, ...args: unknown[]): Promise<unknown> {
          const call = async () => method.apply(this, args)
          return units.get(this)?.run(call) ?? call()
        },
      }.wrapper as typeof method,
      options: Object.freeze({}),
    }),
  })
}

function asSqlClient(on: Queryable): SqlClient {
  return { query: async (text, values) => ({ rows: await on.query(text, values) }) }
}
