/** What the demo tells a gateway process. Each is confirmed by `{ done: id }`. */
export interface Order {
  readonly id: number
  /** Delay every statement of the database by a sample from this range of milliseconds; null for none. */
  readonly latency?: readonly [low: number, high: number] | null
  /** Forget everything that is cached. */
  readonly clear?: true
}

/** What a gateway process tells the demo. */
export type Notice =
  | { readonly listening: number }
  | { readonly done: number }
  | { readonly redis: 'lost' | 'recovered' }
