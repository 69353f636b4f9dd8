import type { CatalogSource, ModelEntry } from '../catalog/catalog-entry.ts'
import type { Queryable } from '../database/database.ts'

const ENTRIES = `entries as (select * from jsonb_to_recordset($1::jsonb) as entry (provider text, id text, name text,
  description text, "contextLength" int, "maxOutputTokens" int, modality text, "supportsFunctionCalling" boolean,
  "supportsVision" boolean, "isFree" boolean, price jsonb))`

const NAMED = `providers.slug || '/' || models.provider_model_id as id`

/** Brings models to the state of `entries`, adding what is new; resolves to the ids of those that differed. */
export async function upsertModels(on: Queryable, entries: readonly ModelEntry[]): Promise<string[]> {
  const rows = await on.query<{ id: string }>(
    `with ${ENTRIES}, written as (
       insert into models (provider_id, provider_model_id, model_name, description, context_length, max_output_tokens,
         modality, supports_function_calling, supports_vision, is_free)
       select providers.id, entries.id, entries.name, entries.description, "contextLength", "maxOutputTokens",
         entries.modality, "supportsFunctionCalling", "supportsVision", "isFree"
       from entries join providers on providers.slug = entries.provider
       on conflict (provider_id, provider_model_id) do update set model_name = excluded.model_name,
         description = excluded.description, context_length = excluded.context_length,
         max_output_tokens = excluded.max_output_tokens, modality = excluded.modality,
         supports_function_calling = excluded.supports_function_calling, supports_vision = excluded.supports_vision,
         is_free = excluded.is_free, is_active = true, updated_at = now()
       where (models.model_name, models.description, models.context_length, models.max_output_tokens, models.modality,
           models.supports_function_calling, models.supports_vision, models.is_free, models.is_active)
         is distinct from (excluded.model_name, excluded.description, excluded.context_length,
           excluded.max_output_tokens, excluded.modality, excluded.supports_function_calling, excluded.supports_vision,
           excluded.is_free, true)
       returning provider_id, provider_model_id)
     select providers.slug || '/' || written.provider_model_id as id
     from written join providers on providers.id = written.provider_id`,
    [JSON.stringify(entries)],
  )
  return rows.map((row) => row.id)
}

/** Brings prices to the state of `entries`, whose models exist; resolves to the ids of the models that differed. */
export async function writePrices(on: Queryable, entries: readonly ModelEntry[]): Promise<string[]> {
  const text = JSON.stringify(entries)
  const written = await on.query<{ id: string }>(
    `with ${ENTRIES}, written as (
       insert into model_pricing (model_id, price_per_input_token, price_per_output_token, price_per_request, pricing_source)
       select models.id, (price ->> 'input')::numeric, (price ->> 'output')::numeric, (price ->> 'request')::numeric,
         price ->> 'source'
       from entries join providers on providers.slug = entries.provider
         join models on models.provider_id = providers.id and models.provider_model_id = entries.id
       where price ->> 'input' is not null
       on conflict (model_id) do update set price_per_input_token = excluded.price_per_input_token,
         price_per_output_token = excluded.price_per_output_token, price_per_request = excluded.price_per_request,
         pricing_source = excluded.pricing_source, last_updated = now()
       where (model_pricing.price_per_input_token, model_pricing.price_per_output_token, model_pricing.price_per_request,
           model_pricing.pricing_source)
         is distinct from (excluded.price_per_input_token, excluded.price_per_output_token, excluded.price_per_request,
           excluded.pricing_source)
       returning model_id)
     select ${NAMED} from written join models on models.id = written.model_id join providers on providers.id = models.provider_id`,
    [text],
  )
  const dropped = await on.query<{ id: string }>(
    `with ${ENTRIES}, dropped as (
       delete from model_pricing using models, providers, entries
       where model_pricing.model_id = models.id and providers.id = models.provider_id
         and providers.slug = entries.provider and models.provider_model_id = entries.id and price ->> 'input' is null
       returning model_pricing.model_id)
     select ${NAMED} from dropped join models on models.id = dropped.model_id join providers on providers.id = models.provider_id`,
    [text],
  )
  return [...written, ...dropped].map((row) => row.id)
}

/** Takes models of these providers off the catalog that `source` does not list; resolves to their ids. */
export async function delistMissing(on: Queryable, source: CatalogSource): Promise<string[]> {
  const rows = await on.query<{ id: string }>(
    `update models set is_active = false, updated_at = now() from providers
     where providers.id = models.provider_id and models.is_active and providers.slug = any ($1)
       and not providers.slug || '/' || models.provider_model_id = any ($2)
     returning ${NAMED}`,
    [source.providers.map(({ slug }) => slug), source.models.map(({ provider, id }) => `${provider}/${id}`)],
  )
  return rows.map((row) => row.id)
}

/** Adds providers that are not there yet. */
export async function upsertProviders(on: Queryable, source: CatalogSource): Promise<void> {
  await on.query(
    `insert into providers (slug, name, site_url)
     select slug, name, "siteUrl" from jsonb_to_recordset($1::jsonb) as entry (slug text, name text, "siteUrl" text)
     on conflict (slug) do nothing`,
    [JSON.stringify(source.providers)],
  )
}
