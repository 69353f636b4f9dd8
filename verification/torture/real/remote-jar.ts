import type { Redis } from 'ioredis'
import type { Cookie, Jar } from '../application/operations.ts'

/** Cookies in the server that has the rows. */
export class RemoteJar implements Jar {
  readonly #client: Redis
  readonly #namespace: string

  constructor(client: Redis, namespace: string) {
    this.#client = client
    this.#namespace = namespace
  }

  async take(visitor: number): Promise<Cookie | undefined> {
    const text = await this.#client.get(this.#key(visitor))
    return text === null ? undefined : JSON.parse(text)
  }

  async keep(visitor: number, cookie: Cookie): Promise<void> {
    await this.#client.set(this.#key(visitor), JSON.stringify(cookie))
  }

  #key(visitor: number): string {
    return `${this.#namespace}:visitor:${visitor}`
  }
}
