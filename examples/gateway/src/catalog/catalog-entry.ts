/** Prices of a model in dollars, as decimal text: a price is never a binary fraction. */
export interface ModelPrice {
  readonly input: string
  readonly output: string
  readonly request: string
  readonly source: string
}

/** A provider, as it enters the catalog. */
export interface ProviderEntry {
  readonly slug: string
  readonly name: string
  readonly siteUrl: string | null
}

/** A model of one provider, as it enters the catalog. */
export interface ModelEntry {
  readonly provider: string
  /** What the provider calls it; may contain slashes. */
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly contextLength: number | null
  readonly maxOutputTokens: number | null
  readonly modality: string
  readonly supportsFunctionCalling: boolean
  readonly supportsVision: boolean
  readonly isFree: boolean
  readonly price: ModelPrice | null
}

/** Where models come from when the catalog is synchronised. */
export interface CatalogSource {
  readonly providers: readonly ProviderEntry[]
  readonly models: readonly ModelEntry[]
}
