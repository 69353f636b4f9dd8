/**
 * Parameters that do not change the answer and are left out of the key unless the `ignore` option says otherwise. Everything
 * that is not in this list counts, known to the cache or not. `stream` and `stream_options` never count: one entry serves both.
 */
export const IGNORED_PARAMETERS: readonly string[] = Object.freeze([
  'metadata',
  'prompt_cache_key',
  'prompt_cache_retention',
  'safety_identifier',
  'service_tier',
  'store',
  'user',
])

/** How an answer is delivered, not what it says. */
export const DELIVERY_PARAMETERS: readonly string[] = Object.freeze(['stream', 'stream_options'])
