/**
 * What to say about a server's memory bound, by the text of `INFO memory`; undefined when there is nothing to say.
 *
 * Entries have an expiry and metadata has none, so a `volatile-*` policy evicts entries alone. Evicted metadata is safe but
 * dear: the whole namespace is cold. Under `noeviction` a full server refuses to store.
 */
export function memoryAdvice(info: string): string | undefined {
  const limit = Number(/^maxmemory:(\d+)/m.exec(info)?.[1] ?? 0)
  const policy = /^maxmemory_policy:([\w-]+)/m.exec(info)?.[1]
  if (limit === 0 || policy === undefined || policy.startsWith('volatile-')) return undefined
  const consequence =
    policy === 'noeviction'
      ? 'nothing new is stored once its memory is full'
      : 'it may evict the namespace metadata, and then every entry is a miss'
  return `Redis runs with maxmemory-policy ${policy}: ${consequence}. Use volatile-lfu, volatile-lru or volatile-ttl on a server that is shared with a cache.`
}
