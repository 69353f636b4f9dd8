/** Metadata keys and channels of a namespace; they share one slot. */
export interface Metadata {
  readonly clock: string
  readonly tags: string
  /** A key that never exists. */
  readonly never: string
  readonly bus: string
  /** Who may serve memory (`coherence: 'acknowledged'`). */
  readonly members: string
  /** Where acknowledgements for a process go. */
  readonly acknowledgements: (origin: string) => string
  readonly wake: string
}

/** The names of a namespace's metadata. */
export function metadataOf(namespace: string): Metadata {
  const at = (part: string) => `{${namespace}}:${part}`
  return {
    clock: at('clk'),
    tags: at('tags'),
    never: at('never'),
    bus: at('bus'),
    wake: at('wake'),
    members: at('mem'),
    acknowledgements: (origin) => at(`ack:${origin}`),
  }
}
