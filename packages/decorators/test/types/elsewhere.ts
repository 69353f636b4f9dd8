import { Cached, cached, TTL } from '@granary/decorators'

export interface User {
  readonly id: number
  readonly name: string
}

/** A service in another module, with cached methods of every visibility. */
export class Directory {
  @Cached({ name: 'directory:user', ttl: TTL.USER })
  async user(id: number, locale?: string): Promise<User | null> {
    return { id, name: locale ?? 'en' }
  }

  @Cached({ name: 'directory:all', ttl: '5m' })
  static async all(): Promise<readonly User[]> {
    return []
  }

  @Cached({ name: 'directory:hidden', ttl: '5m' })
  protected async hidden(id: number): Promise<User | null> {
    return this.secret(String(id))
  }

  @Cached({ name: 'directory:secret', ttl: '5m' })
  private async secret(key: string): Promise<User | null> {
    return { id: 1, name: key }
  }

  size(): number {
    return 1
  }
}

export const priceOf = cached(async (model: string) => ({ model, price: 1n }), { name: 'directory:price', ttl: '30m' })
