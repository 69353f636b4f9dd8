import { Cached, TTL } from '@granary/decorators'
import type { ModelPrice } from '../catalog/catalog-entry.ts'
import { type Database, queryOne } from '../database/database.ts'
import { tags } from '../tags.ts'
import { IS_MODEL_1 } from './catalog-queries.ts'

/** Finds prices. */
export class PricingRepo {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** The price of a model, by its id in the catalog (`provider/name`); null when it has none, which is not the same as free. */
  @Cached({
    name: 'db:pricing',
    ttl: TTL.PRICING,
    tags: (_price: ModelPrice, id: string) => [tags.model(id), tags.pricing()],
    negativeTags: (id: string) => [tags.model(id), tags.pricing()],
  })
  async forModel(id: string): Promise<ModelPrice | null> {
    return queryOne<ModelPrice>(
      this.#database,
      `select price_per_input_token as input, price_per_output_token as output, price_per_request as request,
         pricing_source as source
       from model_pricing join models on models.id = model_pricing.model_id join providers on providers.id = models.provider_id
       where ${IS_MODEL_1}`,
      [id],
    )
  }
}
