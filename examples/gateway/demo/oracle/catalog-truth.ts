import type { CatalogSource, ModelEntry, ModelPrice } from '../../src/catalog/catalog-entry.ts'
import { compareDecimals } from '../../src/catalog/decimal.ts'
import { compareText } from '../../src/catalog/snapshot.ts'
import type { Model, ModelQuery, Provider } from '../../src/domain/catalog.ts'
import { providerOf } from '../../src/services/model-id.ts'

/** The whole catalog at one moment. Never changed: a change makes another one. */
export interface CatalogTruth {
  readonly providers: ReadonlyMap<string, Provider>
  /** Every model, by provider and name; those that are not listed are not on offer. */
  readonly models: ReadonlyMap<string, { readonly model: Model; readonly listed: boolean }>
}

/** The catalog as the seeder writes it. */
export function initialCatalog(source: CatalogSource): CatalogTruth {
  const providers = source.providers.map(({ slug, name, siteUrl }): [string, Provider] => [
    slug,
    { slug, name, siteUrl, healthStatus: 'healthy', isActive: true },
  ])
  const models = source.models.map((entry) => {
    const model = modelOf(entry)
    return [model.id, { model, listed: true }] as const
  })
  return { providers: new Map(providers), models: new Map(models) }
}

/** A model as the gateway shows it, in the order of its columns: bodies can then be compared as text. */
export function modelOf(entry: ModelEntry): Model {
  return {
    id: `${entry.provider}/${entry.id}`,
    provider: entry.provider,
    providerModelId: entry.id,
    name: entry.name,
    description: entry.description,
    contextLength: entry.contextLength,
    maxOutputTokens: entry.maxOutputTokens,
    modality: entry.modality,
    supportsStreaming: true,
    supportsFunctionCalling: entry.supportsFunctionCalling,
    supportsVision: entry.supportsVision,
    isFree: entry.isFree,
    healthStatus: 'healthy',
    price: entry.price,
  }
}

/** The catalog with another price for one model. */
export function withPrice(truth: CatalogTruth, id: string, price: ModelPrice): CatalogTruth {
  return replace(truth, [id], (model) => ({ ...model, price }))
}

/** The catalog with one model taken off. */
export function withoutModel(truth: CatalogTruth, id: string): CatalogTruth {
  const known = truth.models.get(id)
  if (known === undefined) throw new Error(`the catalog has no ${id}`)
  return { ...truth, models: new Map(truth.models).set(id, { ...known, listed: false }) }
}

/** The catalog with these entries in the state of their source, and how many differed. */
export function synchronised(
  truth: CatalogTruth,
  entries: readonly ModelEntry[],
): { truth: CatalogTruth; changed: number } {
  const models = new Map(truth.models)
  let changed = 0
  for (const entry of entries) {
    const model = modelOf(entry)
    const known = truth.models.get(model.id)
    if (known?.listed && JSON.stringify(known.model) === JSON.stringify(model)) continue
    models.set(model.id, { model, listed: true })
    changed += 1
  }
  return { truth: { ...truth, models }, changed }
}

/** The catalog with a provider put on or taken off. */
export function withProvider(truth: CatalogTruth, slug: string, isActive: boolean): CatalogTruth {
  const provider = truth.providers.get(slug)
  if (provider === undefined) throw new Error(`the catalog has no provider ${slug}`)
  return { ...truth, providers: new Map(truth.providers).set(slug, { ...provider, isActive }) }
}

function replace(truth: CatalogTruth, ids: readonly string[], change: (model: Model) => Model): CatalogTruth {
  const models = new Map(truth.models)
  for (const id of ids) {
    const known = models.get(id)
    if (known === undefined) throw new Error(`the catalog has no ${id}`)
    models.set(id, { ...known, model: change(known.model) })
  }
  return { ...truth, models }
}

/** The model of this id if it is on offer. */
export function offered(truth: CatalogTruth, id: string): Model | undefined {
  const known = truth.models.get(id)
  return known?.listed && truth.providers.get(providerOf(id))?.isActive ? known.model : undefined
}

const bodies = new WeakMap<CatalogTruth, Map<string, string>>()

/** The body that answers `GET /models` with this query, computed from the truth alone. */
export function expectedBody(truth: CatalogTruth, query: ModelQuery): string {
  const known = bodies.get(truth) ?? new Map<string, string>()
  bodies.set(truth, known)
  const key = JSON.stringify(query)
  const body = known.get(key) ?? JSON.stringify(answer(truth, query))
  known.set(key, body)
  return body
}

function answer(truth: CatalogTruth, { provider, limit, offset = 0, unique = false }: ModelQuery) {
  const offers = [...truth.models.values()].flatMap(({ model, listed }) => {
    const wanted = provider === undefined || model.provider === provider
    return wanted && listed && truth.providers.get(model.provider)?.isActive ? [model] : []
  })
  const matching = unique ? cheapestOffers(offers) : offers
  return { total: matching.length, models: limit === undefined ? matching : matching.slice(offset, offset + limit) }
}

function cheapestOffers(offers: readonly Model[]): Model[] {
  const cheapest = new Map<string, Model>()
  for (const offer of offers) {
    const known = cheapest.get(offer.name)
    if (known === undefined || isCheaper(offer, known)) cheapest.set(offer.name, offer)
  }
  const kept = [...cheapest.values()]
  return kept.sort((a, b) => compareText(a.provider, b.provider) || compareText(a.providerModelId, b.providerModelId))
}

/** Offers come in order of provider and name, so that the first of equals stays. */
function isCheaper(offer: Model, known: Model): boolean {
  if (offer.price === null) return false
  return known.price === null || compareDecimals(offer.price.input, known.price.input) < 0
}
