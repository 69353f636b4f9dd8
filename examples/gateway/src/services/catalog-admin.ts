import { Invalidates } from '@granary/decorators'
import type { CatalogSource, ModelEntry, ModelPrice } from '../catalog/catalog-entry.ts'
import type { Database } from '../database/database.ts'
import { InUnitOfWork } from '../database/unit-of-work.ts'
import { NotFound, type SyncSummary } from '../domain/catalog.ts'
import { tags } from '../tags.ts'
import { IS_MODEL_1 } from './catalog-queries.ts'
import { delistMissing, upsertModels, upsertProviders, writePrices } from './catalog-writes.ts'
import { providerOf } from './model-id.ts'

/** Changes the catalog. */
export class CatalogAdmin {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Adds a model, or brings it to this state; its provider exists. */
  @InUnitOfWork()
  @Invalidates({ tags: entryTags })
  async upsertModel(entry: ModelEntry): Promise<void> {
    await this.#database.transaction(async (transaction) => {
      const known = await transaction.query('select id from providers where slug = $1', [entry.provider])
      if (known.length === 0) throw new NotFound(`provider ${entry.provider}`)
      await upsertModels(transaction, [entry])
      await writePrices(transaction, [entry])
    })
  }

  /** Takes a model off the catalog. */
  @InUnitOfWork()
  @Invalidates({ tags: modelTags })
  async delistModel(id: string): Promise<void> {
    const delisted = await this.#database.query(
      `update models set is_active = false, updated_at = now() from providers
       where providers.id = models.provider_id and ${IS_MODEL_1}
       returning models.id`,
      [id],
    )
    if (delisted.length === 0) throw new NotFound(`model ${id}`)
  }

  /** Gives a model another price. */
  @InUnitOfWork()
  @Invalidates({ tags: modelTags })
  async setModelPrice(id: string, price: ModelPrice): Promise<void> {
    const priced = await this.#database.query(
      `insert into model_pricing (model_id, price_per_input_token, price_per_output_token, price_per_request, pricing_source)
       select models.id, $2, $3, $4, $5 from models join providers on providers.id = models.provider_id
       where ${IS_MODEL_1}
       on conflict (model_id) do update set price_per_input_token = excluded.price_per_input_token,
         price_per_output_token = excluded.price_per_output_token, price_per_request = excluded.price_per_request,
         pricing_source = excluded.pricing_source, last_updated = now()
       returning model_id`,
      [id, price.input, price.output, price.request, price.source],
    )
    if (priced.length === 0) throw new NotFound(`model ${id}`)
  }

  /** Puts a provider with all its models on offer, or takes it off. */
  @InUnitOfWork()
  @Invalidates({ tags: (slug: string) => [tags.provider(slug), tags.catalog()] })
  async setProviderActive(slug: string, isActive: boolean): Promise<void> {
    const changed = await this.#database.query('update providers set is_active = $2 where slug = $1 returning id', [
      slug,
      isActive,
    ])
    if (changed.length === 0) throw new NotFound(`provider ${slug}`)
  }

  /**
   * Brings the catalog to the state of its source, for every provider that the source lists.
   *
   * One transaction, so that nobody loads a half-written catalog, and one invalidation after it. A source without models
   * is refused: that is a failed download, not an empty market.
   */
  @InUnitOfWork()
  @Invalidates({ resultTags: syncTags })
  async sync(source: CatalogSource): Promise<SyncSummary> {
    if (source.models.length === 0)
      throw new RangeError('sync: the source lists no models, which would empty the catalog')
    return this.#database.transaction(async (transaction) => {
      await upsertProviders(transaction, source)
      const written = await upsertModels(transaction, source.models)
      const priced = await writePrices(transaction, source.models)
      const missing = await delistMissing(transaction, source)
      const changed = [...new Set([...written, ...priced, ...missing])].sort()
      return { providers: [...new Set(changed.map(providerOf))], changed }
    })
  }
}

function entryTags({ provider, id }: ModelEntry): string[] {
  return [tags.model(`${provider}/${id}`), tags.provider(provider), tags.catalog(), tags.pricing()]
}

function modelTags(id: string): string[] {
  return [tags.model(id), tags.provider(providerOf(id)), tags.catalog(), tags.pricing()]
}

function syncTags({ providers, changed }: SyncSummary): string[] {
  if (changed.length === 0) return []
  return [
    ...changed.map((id) => tags.model(id)),
    ...providers.map((slug) => tags.provider(slug)),
    tags.catalog(),
    tags.pricing(),
  ]
}
