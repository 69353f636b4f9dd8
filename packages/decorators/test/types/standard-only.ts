import { Cached, Invalidates } from '@granary/decorators'

/** Private names can be decorated only in the standard mode: the other refuses them itself (TS1206). */
export class Vault {
  @Cached({ name: 'vault:open', ttl: '5m', key: (id: number) => id })
  async #open(id: number): Promise<number> {
    return id
  }

  @Invalidates({ names: ['vault:open'] })
  async #shut(): Promise<void> {}

  async both(): Promise<number> {
    await this.#shut()
    return this.#open(1)
  }

  // @ts-expect-error the key function takes a string, the method a number
  @Cached({ name: 'vault:wrong', ttl: '5m', key: (id: string) => id })
  async #wrong(id: number): Promise<number> {
    return id
  }

  use = () => this.#wrong(1)
}
