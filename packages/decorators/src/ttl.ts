import type { Duration } from '@granary/core'

/**
 * Times to live by what is cached and by how often it changes. Each is a {@link Duration} and can be given wherever one can.
 *
 * @example
 * ```ts
 * @Cached({ name: 'user:by_id', ttl: TTL.USER })
 * ```
 */
export const TTL = Object.freeze({
  /** The result of validating an API key. */
  API_KEY: '10m',
  /** A user row. */
  USER: '5m',
  /** A subscription plan. */
  PLAN: '10m',
  /** The state of a trial. */
  TRIAL: '5m',
  /** The configuration of a rate limit; never its counters. */
  RATE_LIMIT: '10m',
  /** A balance for display; never for deciding whether to spend. */
  CREDITS: '1m',
  /** The price of a model. */
  PRICING: '30m',
  /** A catalog of models. */
  CATALOG: '15m',
  /** What one provider offers. */
  PROVIDER: '30m',
  /** One model's description. */
  MODEL: '60m',
  /** Changes all the time. */
  REALTIME: '1m',
  /** Changes within minutes. */
  SHORT: '5m',
  /** Changes a few times an hour. */
  MEDIUM: '10m',
  /** Changes a few times a day. */
  LONG: '30m',
  /** Hardly ever changes. */
  STATIC: '60m',
}) satisfies Readonly<Record<string, Duration>>
