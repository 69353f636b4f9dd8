/** A change of one source file of the engine: exactly this snippet becomes that one. */
export interface Patch {
  /** Path below `packages`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** Small tables, so that their bounds are met within a short schedule: the engine must hold its promises with them too. */
export const SMALL_TABLES: readonly Patch[] = [
  { file: 'core/src/invalidation/outbound-queue.ts', find: 'limit = 10_000', replace: 'limit = 2' },
  { file: 'core/src/invalidation/fences.ts', find: 'limit = 50_000', replace: 'limit = 4' },
  { file: 'core/src/invalidation/link.ts', find: 'options.limit ?? 50_000', replace: 'options.limit ?? 4' },
  { file: 'core/src/redis/session.ts', find: 'const HELLO_RECORDS = 5_000', replace: 'const HELLO_RECORDS = 2' },
  { file: 'core/src/redis/session.ts', find: 'const MOST_RECORDS = 100_000', replace: 'const MOST_RECORDS = 3' },
]
