import { Redis } from 'ioredis'
import type { Database } from '../application/operations.ts'

/** Rows in a server that nothing disturbs: the truth that all processes share. */
export class RemoteDatabase implements Database {
  readonly #client: Redis
  readonly #namespace: string

  constructor(client: Redis, namespace: string) {
    this.#client = client
    this.#namespace = namespace
  }

  static connect(port: number): Redis {
    const client = new Redis(port, '127.0.0.1')
    client.on('error', () => {})
    return client
  }

  async version(row: number): Promise<number> {
    return 1 + Number(await this.#client.get(this.#key(row)))
  }

  async versions(rows: readonly number[]): Promise<readonly number[]> {
    const values = await this.#client.mget(rows.map((row) => this.#key(row)))
    return values.map((value) => 1 + Number(value))
  }

  async change(row: number): Promise<number> {
    return 1 + (await this.#client.incr(this.#key(row)))
  }

  #key(row: number): string {
    return `${this.#namespace}:${row}`
  }
}
