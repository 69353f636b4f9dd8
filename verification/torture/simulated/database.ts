import type { Database } from '../application/operations.ts'

/** Rows in memory. */
export class SimulatedDatabase implements Database {
  readonly #versions = new Map<number, number>()

  async version(row: number): Promise<number> {
    return this.#versionOf(row)
  }

  async versions(rows: readonly number[]): Promise<readonly number[]> {
    return rows.map((row) => this.#versionOf(row))
  }

  async change(row: number): Promise<number> {
    return this.changeNow(row)
  }

  /** The same at once. */
  changeNow(row: number): number {
    const version = this.#versionOf(row) + 1
    this.#versions.set(row, version)
    return version
  }

  #versionOf(row: number): number {
    return this.#versions.get(row) ?? 1
  }
}
