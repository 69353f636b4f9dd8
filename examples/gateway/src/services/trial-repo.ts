import { Cached, Invalidates, TTL } from '@granary/decorators'
import { type Database, queryOne } from '../database/database.ts'
import { InUnitOfWork } from '../database/unit-of-work.ts'
import { NotFound } from '../domain/catalog.ts'
import type { Trial, TrialUse } from '../domain/trial.ts'
import { tags } from '../tags.ts'

const TRIAL_COLUMNS = `id as "keyId", trial_start_date as "startsAt", trial_end_date as "endsAt",
  trial_max_requests as "maxRequests", trial_max_tokens as "maxTokens", trial_credits as credits,
  trial_used_requests as "usedRequests", trial_used_tokens as "usedTokens", trial_used_credits as "usedCredits",
  trial_converted as converted`

/** Keeps account of trial keys. */
export class TrialRepo {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** What a trial key was given and has used; null for a key that is not on trial. */
  @Cached({
    name: 'db:trial',
    ttl: TTL.TRIAL,
    negativeTtl: TTL.TRIAL,
    tags: (trial: Trial) => [tags.apiKey(trial.keyId)],
    negativeTags: (keyId: number) => [tags.apiKey(keyId)],
  })
  async status(keyId: number): Promise<Trial | null> {
    return queryOne<Trial>(this.#database, `select ${TRIAL_COLUMNS} from api_keys_new where id = $1 and is_trial`, [
      keyId,
    ])
  }

  /**
   * Takes one request from a trial, or resolves to null when nothing is left of it.
   *
   * The database decides, in the statement that takes: no cached status lets a request in.
   */
  @InUnitOfWork()
  @Invalidates({ tags: (keyId: number) => [tags.apiKey(keyId)] })
  async consume(keyId: number, { tokens, credits }: TrialUse): Promise<Trial | null> {
    return queryOne<Trial>(
      this.#database,
      `update api_keys_new set trial_used_requests = trial_used_requests + 1, trial_used_tokens = trial_used_tokens + $2,
         trial_used_credits = trial_used_credits + $3, updated_at = now()
       where id = $1 and is_trial and not trial_converted and (trial_end_date is null or trial_end_date > now())
         and trial_used_requests < trial_max_requests and trial_used_tokens + $2 <= trial_max_tokens
         and trial_used_credits + $3 <= trial_credits
       returning ${TRIAL_COLUMNS}`,
      [keyId, tokens, credits],
    )
  }

  /** Marks a trial as followed by a subscription. */
  @InUnitOfWork()
  @Invalidates({ tags: (keyId: number) => [tags.apiKey(keyId)] })
  async convert(keyId: number): Promise<Trial> {
    const trial = await queryOne<Trial>(
      this.#database,
      `update api_keys_new set trial_converted = true, updated_at = now() where id = $1 and is_trial returning ${TRIAL_COLUMNS}`,
      [keyId],
    )
    if (trial === null) throw new NotFound(`trial of key ${keyId}`)
    return trial
  }
}
