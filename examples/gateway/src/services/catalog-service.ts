import { Cached, TTL } from '@granary/decorators'
import type { ModelPrice } from '../catalog/catalog-entry.ts'
import type { Database } from '../database/database.ts'
import type { Model, ModelPage, ModelQuery, Provider } from '../domain/catalog.ts'
import { tags } from '../tags.ts'
import { selectAllModels, selectModel, selectModelsOf, selectPage, selectProviders } from './catalog-queries.ts'
import { providerOf } from './model-id.ts'
import type { PricingRepo } from './pricing-repo.ts'

/** Models in a page when the caller does not say, and at most. */
export const PAGE_LIMITS = { default: 50, most: 500 } as const

/** Shows the catalog. */
export class CatalogService {
  readonly #database: Database
  readonly #pricing: PricingRepo

  constructor(database: Database, pricing: PricingRepo) {
    this.#database = database
    this.#pricing = pricing
  }

  /** Every model on offer. */
  @Cached({ name: 'models:catalog:full', ttl: TTL.CATALOG, staleWhileRevalidate: '5m', tags: [tags.catalog()] })
  async full(): Promise<readonly Model[]> {
    return selectAllModels(this.#database)
  }

  /** The models on offer by one provider; none for a provider that is off or unknown. */
  @Cached({
    name: 'models:provider',
    ttl: TTL.PROVIDER,
    staleWhileRevalidate: '10m',
    tags: (_models: readonly Model[], slug: string) => [tags.provider(slug), tags.catalog()],
  })
  async byProvider(slug: string): Promise<readonly Model[]> {
    return selectModelsOf(this.#database, slug)
  }

  /** One model, or null when it is not on offer. */
  @Cached({
    name: 'models:model',
    ttl: TTL.MODEL,
    tags: (model: Model) => [tags.model(model.id), tags.provider(model.provider)],
    negativeTags: (id: string) => [tags.model(id), tags.provider(providerOf(id))],
  })
  async model(id: string): Promise<Model | null> {
    const [model] = await selectModel(this.#database, id)
    return model ?? null
  }

  /** The price of one model, or null when it has none. */
  @Cached({
    name: 'models:pricing',
    ttl: TTL.MODEL,
    tags: (_price: ModelPrice, id: string) => [tags.model(id), tags.provider(providerOf(id)), tags.pricing()],
    negativeTags: (id: string) => [tags.model(id), tags.provider(providerOf(id)), tags.pricing()],
  })
  async pricing(id: string): Promise<ModelPrice | null> {
    return this.#pricing.forModel(id)
  }

  /** One page of the catalog. The key is the whole query: no parameter can be forgotten in it. */
  @Cached({ name: 'models:query', ttl: TTL.SHORT, tags: [tags.catalog()] })
  async search(query: ModelQuery): Promise<ModelPage> {
    const { provider = '', limit = PAGE_LIMITS.default, offset = 0, unique = false } = query
    return selectPage(this.#database, { provider, limit, offset, unique })
  }

  /** Every provider. */
  @Cached({ name: 'models:providers', ttl: TTL.PROVIDER, tags: [tags.catalog()] })
  async providers(): Promise<readonly Provider[]> {
    return selectProviders(this.#database)
  }
}
