import type { Queryable } from '../database/database.ts'
import type { Model, ModelPage, ModelQuery, Provider } from '../domain/catalog.ts'

const MODEL_COLUMNS = `providers.slug || '/' || models.provider_model_id as id, providers.slug as provider,
  models.provider_model_id as "providerModelId", models.model_name as name, models.description,
  models.context_length as "contextLength", models.max_output_tokens as "maxOutputTokens", models.modality,
  models.supports_streaming as "supportsStreaming", models.supports_function_calling as "supportsFunctionCalling",
  models.supports_vision as "supportsVision", models.is_free as "isFree", models.health_status as "healthStatus",
  case when model_pricing.id is not null then json_build_object(
    'input', model_pricing.price_per_input_token::text, 'output', model_pricing.price_per_output_token::text,
    'request', model_pricing.price_per_request::text, 'source', model_pricing.pricing_source) end as price`

const ON_OFFER = `from models join providers on providers.id = models.provider_id
  left join model_pricing on model_pricing.model_id = models.id
  where models.is_active and providers.is_active`

const BY_ID = `order by providers.slug collate "C", models.provider_model_id collate "C"`

/** Holds for the model whose id is `$1`; in two parts, so that the index on provider and name serves. */
export const IS_MODEL_1 = `providers.slug = split_part($1, '/', 1)
  and models.provider_model_id = substr($1, strpos($1, '/') + 1)`

/** Every model on offer, by provider and name, in one statement: one moment of the catalog, never two. */
export function selectAllModels(on: Queryable): Promise<Model[]> {
  return on.query<Model>(`select ${MODEL_COLUMNS} ${ON_OFFER} ${BY_ID}`)
}

/** The models on offer by one provider. */
export function selectModelsOf(on: Queryable, slug: string): Promise<Model[]> {
  return on.query<Model>(`select ${MODEL_COLUMNS} ${ON_OFFER} and providers.slug = $1 ${BY_ID}`, [slug])
}

/** One model on offer, at most. */
export function selectModel(on: Queryable, id: string): Promise<Model[]> {
  return on.query<Model>(`select ${MODEL_COLUMNS} ${ON_OFFER} and ${IS_MODEL_1}`, [id])
}

/** Every provider, those without offers too. */
export function selectProviders(on: Queryable): Promise<Provider[]> {
  return on.query<Provider>(
    `select slug, name, site_url as "siteUrl", health_status as "healthStatus", is_active as "isActive"
     from providers order by slug collate "C"`,
  )
}

/** One page of the models that a query finds, and how many it finds in all. */
export async function selectPage(on: Queryable, query: Required<ModelQuery>): Promise<ModelPage> {
  const [page] = await on.query<ModelPage>(query.unique ? UNIQUE_PAGE : PAGE, [
    query.provider === '' ? null : query.provider,
    query.limit,
    query.offset,
  ])
  return page ?? { total: 0, models: [] }
}

/** What a query finds, as bare as sorting and counting allow: descriptions and prices are read for one page only. */
const MATCHING = `select models.id, providers.slug, models.provider_model_id, models.model_name,
    model_pricing.price_per_input_token as price
  ${ON_OFFER} and ($1::text is null or providers.slug = $1)`

const BY_NAME = `order by slug collate "C", provider_model_id collate "C"`

const PAGE = pageOf(MATCHING)

/** Of the offers of one model the cheapest counts; among equals the first by provider and name. */
const UNIQUE_PAGE = pageOf(
  `select distinct on (model_name collate "C") * from (${MATCHING}) as offers
   order by model_name collate "C", price nulls last, slug collate "C", provider_model_id collate "C"`,
)

function pageOf(matching: string): string {
  return `with matching as (${matching})
    select (select count(*) from matching) as total,
      (select coalesce(json_agg(page), '[]') from (
        select ${MODEL_COLUMNS} from (select id from matching ${BY_NAME} limit $2 offset $3) as chosen
          join models on models.id = chosen.id join providers on providers.id = models.provider_id
          left join model_pricing on model_pricing.model_id = models.id
        ${BY_ID}) as page) as models`
}
