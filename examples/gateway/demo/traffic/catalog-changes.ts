import { isDeepStrictEqual } from 'node:util'
import type { ModelEntry } from '../../src/catalog/catalog-entry.ts'
import { perToken } from '../../src/catalog/decimal.ts'
import {
  type CatalogTruth,
  modelOf,
  synchronised,
  withoutModel,
  withPrice,
  withProvider,
} from '../oracle/catalog-truth.ts'
import type { Change } from '../oracle/timeline.ts'
import { RIGHT, type Verdict } from '../oracle/verdict.ts'
import type { World } from '../oracle/world.ts'
import { type ChangeParts, unexpected } from './account-changes.ts'
import type { Choices } from './choices.ts'
import { type Answer, bodyOf, type ChangeOperation, type ReadOperation } from './operation.ts'
import type { Reads } from './reads.ts'
import { Setbacks } from './setbacks.ts'

/** Changes that administrators make to the catalog. They take turns: the whole catalog is one subject. */
export class CatalogChanges {
  readonly #world: World
  readonly #reads: Reads
  readonly #choices: Choices
  readonly #adminToken: string
  readonly #entries: ReadonlyMap<string, ModelEntry>
  readonly #delisted = new Setbacks<string>()
  readonly #closed = new Setbacks<string>()

  constructor({ world, reads, choices, adminToken }: ChangeParts) {
    this.#world = world
    this.#reads = reads
    this.#choices = choices
    this.#adminToken = adminToken
    this.#entries = new Map(world.source.models.map((entry) => [modelOf(entry).id, entry]))
  }

  setPrice(): ChangeOperation {
    const id = this.#choices.modelId()
    const input = perToken(1 + this.#choices.freshNumber() / 1_000)
    const price = { input, output: perToken(4), request: perToken(0), source: 'manual' }
    return this.#change(
      '/admin/set-price',
      { id, input: price.input, output: price.output },
      (truth) => withPrice(truth, id, price),
      () => this.#reads.model(id),
    )
  }

  /** Takes a model off the catalog, or puts the one back that is off, as its source has it. */
  toggleModel(): ChangeOperation {
    const off = this.#delisted.due((model) => !this.#world.catalog.current.models.get(model)?.listed)
    const id = off ?? this.#delisted.add(this.#choices.modelId())
    const entry = this.#entries.get(id)
    if (entry === undefined || off === undefined) {
      const delisted = (truth: CatalogTruth) => withoutModel(truth, id)
      return this.#change('/admin/delist-model', { id }, delisted, () => this.#reads.model(id))
    }
    const relisted = (truth: CatalogTruth) => synchronised(truth, [entry]).truth
    return this.#change('/admin/upsert-model', entry, relisted, () => this.#reads.model(id))
  }

  /** Takes a provider with all its models off the catalog, or puts the one back that is off. */
  toggleProvider(): ChangeOperation {
    const off = this.#closed.due((provider) => !this.#world.catalog.current.providers.get(provider)?.isActive)
    const slug = off ?? this.#closed.add(this.#choices.slug())
    const active = off !== undefined
    const toggled = (truth: CatalogTruth) => withProvider(truth, slug, active)
    return this.#change('/admin/set-provider', { slug, active }, toggled, () => this.#reads.models({ provider: slug }))
  }

  /** Brings one provider's models back to what their source says. */
  synchronise(): ChangeOperation {
    const slug = this.#choices.slug()
    const entries = this.#world.source.models.filter(({ provider }) => provider === slug)
    if (entries.length === 0) return this.setPrice()
    const settle = (answer: Answer, change: Change): Verdict => {
      const { truth, changed } = synchronised(this.#world.catalog.current, entries)
      const summary = { providers: changed === 0 ? [] : [slug], changed }
      if (!isDeepStrictEqual(bodyOf(answer), summary)) return unexpected(answer, summary)
      if (changed > 0) this.#world.catalog.set(truth, change)
      return RIGHT
    }
    const operation = this.#change(
      `/admin/model-sync/${slug}`,
      {},
      (truth) => truth,
      () => this.#reads.models({ provider: slug }),
    )
    return { ...operation, settle }
  }

  #change(
    path: string,
    body: object,
    next: (truth: CatalogTruth) => CatalogTruth,
    witness: () => ReadOperation,
  ): ChangeOperation {
    const settle = (answer: Answer, change: Change): Verdict => {
      if (answer.status !== 204) return unexpected(answer, 204)
      this.#world.catalog.set(next(this.#world.catalog.current), change)
      return RIGHT
    }
    const call = { layer: 'admin', method: 'POST', path, token: this.#adminToken, body } as const
    return { kind: 'change', call, subject: 'catalog', settle, witness }
  }
}
