import type { ModelPrice } from '../catalog/catalog-entry.ts'

/** A provider, as the gateway lists it. */
export interface Provider {
  readonly slug: string
  readonly name: string
  readonly siteUrl: string | null
  readonly healthStatus: string
  readonly isActive: boolean
}

/**
 * A model on offer.
 *
 * Plain data throughout: the cache hands every caller the same frozen object, so what is derived from it (a rendered page,
 * its ETag) can be kept beside it.
 */
export interface Model {
  /** `provider/name`, unique in the catalog. */
  readonly id: string
  readonly provider: string
  readonly providerModelId: string
  readonly name: string
  readonly description: string | null
  readonly contextLength: number | null
  readonly maxOutputTokens: number | null
  readonly modality: string
  readonly supportsStreaming: boolean
  readonly supportsFunctionCalling: boolean
  readonly supportsVision: boolean
  readonly isFree: boolean
  readonly healthStatus: string
  readonly price: ModelPrice | null
}

/** Which models a caller wants to see. Every member counts for the answer, so every member is part of the cache's key. */
export interface ModelQuery {
  readonly provider?: string
  readonly limit?: number
  readonly offset?: number
  /** One offer per model name, the cheapest. */
  readonly unique?: boolean
}

/** Models that answer a query. */
export interface ModelPage {
  readonly total: number
  readonly models: readonly Model[]
}

/** What one synchronisation changed. */
export interface SyncSummary {
  readonly providers: readonly string[]
  /** Ids of the models that were added, changed or taken off. */
  readonly changed: readonly string[]
}

/** Says that something with this name does not exist. */
export class NotFound extends Error {
  readonly code = 'not_found'

  constructor(what: string) {
    super(`${what} does not exist`)
  }
}
