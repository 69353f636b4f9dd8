import { Cached, Invalidates, TTL } from '@granary/decorators'
import { type Database, queryOne } from '../database/database.ts'
import { InUnitOfWork } from '../database/unit-of-work.ts'
import { DEFAULT_RATE_LIMITS, type RateLimits } from '../domain/rate-limits.ts'
import { tags } from '../tags.ts'

const LIMIT_COLUMNS = `requests_per_minute as "requestsPerMinute", requests_per_hour as "requestsPerHour",
  requests_per_day as "requestsPerDay", tokens_per_minute as "tokensPerMinute", tokens_per_hour as "tokensPerHour",
  tokens_per_day as "tokensPerDay", burst_limit as "burstLimit", concurrency_limit as "concurrencyLimit",
  window_size as "windowSize"`

/** Keeps the limits of API keys: their configuration, never a verdict or a count. */
export class RateLimitRepo {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** The limits of a key: its own, or the default ones. */
  @Cached({
    name: 'db:rate_limit',
    ttl: TTL.RATE_LIMIT,
    tags: (_limits: RateLimits, keyId: number) => [tags.rateLimit(keyId)],
  })
  async config(keyId: number): Promise<RateLimits> {
    const own = await queryOne<RateLimits>(
      this.#database,
      `select ${LIMIT_COLUMNS} from rate_limit_configs where api_key_id = $1 and is_active`,
      [keyId],
    )
    return own ?? DEFAULT_RATE_LIMITS
  }

  /** Gives a key limits of its own. */
  @InUnitOfWork()
  @Invalidates({ tags: (keyId: number) => [tags.rateLimit(keyId)] })
  async set(keyId: number, limits: RateLimits): Promise<void> {
    await this.#database.query(
      `insert into rate_limit_configs (api_key_id, requests_per_minute, requests_per_hour, requests_per_day,
         tokens_per_minute, tokens_per_hour, tokens_per_day, burst_limit, concurrency_limit, window_size)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       on conflict (api_key_id) do update set requests_per_minute = excluded.requests_per_minute,
         requests_per_hour = excluded.requests_per_hour, requests_per_day = excluded.requests_per_day,
         tokens_per_minute = excluded.tokens_per_minute, tokens_per_hour = excluded.tokens_per_hour,
         tokens_per_day = excluded.tokens_per_day, burst_limit = excluded.burst_limit,
         concurrency_limit = excluded.concurrency_limit, window_size = excluded.window_size, is_active = true,
         updated_at = now()`,
      [
        keyId,
        limits.requestsPerMinute,
        limits.requestsPerHour,
        limits.requestsPerDay,
        limits.tokensPerMinute,
        limits.tokensPerHour,
        limits.tokensPerDay,
        limits.burstLimit,
        limits.concurrencyLimit,
        limits.windowSize,
      ],
    )
  }

  /** Gives a key the default limits again. */
  @InUnitOfWork()
  @Invalidates({ tags: (keyId: number) => [tags.rateLimit(keyId)] })
  async reset(keyId: number): Promise<void> {
    await this.#database.query('delete from rate_limit_configs where api_key_id = $1', [keyId])
  }
}
