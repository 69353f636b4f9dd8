import type { Cookie, Jar } from '../application/operations.ts'

/** Cookies in memory. */
export class SimulatedJar implements Jar {
  readonly #cookies = new Map<number, Cookie>()

  async take(visitor: number): Promise<Cookie | undefined> {
    return this.#cookies.get(visitor)
  }

  async keep(visitor: number, cookie: Cookie): Promise<void> {
    this.#cookies.set(visitor, cookie)
  }
}
