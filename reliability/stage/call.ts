/** One measured call: what it took in all, and how much of that its own loader took. */
export interface MeasuredCall<V> {
  readonly value: V
  /** Milliseconds beyond the loader's own. */
  readonly added: number
}

/** Runs a call whose loader is wrapped so that its own time can be taken off. */
export async function measured<V>(
  load: () => Promise<V>,
  call: (loader: () => Promise<V>) => Promise<V>,
): Promise<MeasuredCall<V>> {
  let loading = 0
  const startedAt = performance.now()
  const value = await call(async () => {
    const loadedFrom = performance.now()
    try {
      return await load()
    } finally {
      loading = performance.now() - loadedFrom
    }
  })
  return { value, added: Math.max(0, performance.now() - startedAt - loading) }
}
