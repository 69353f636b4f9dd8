import type { CacheOptions } from '@granary/core'

/** How the caches of a schedule keep their memories coherent. */
export type Mode = 'bus' | 'tracking' | 'acknowledged'

/** What sets a mode apart. */
interface ModeFacts {
  /** What it asks of `createCache`. */
  readonly options: Partial<CacheOptions>
  /** Whether memory may lag behind invalidations of other processes under it. */
  readonly mayLag: boolean
  /** Whether memory hears of what other programs write. */
  readonly hearsOthers: boolean
  /** How often it is chosen. */
  readonly weight: number
}

/** The modes by name. */
export const MODES: Readonly<Record<Mode, ModeFacts>> = {
  bus: { options: {}, mayLag: true, hearsOthers: false, weight: 2 },
  tracking: { options: { coherence: 'tracking' }, mayLag: true, hearsOthers: true, weight: 1 },
  acknowledged: { options: { coherence: 'acknowledged' }, mayLag: false, hearsOthers: false, weight: 1 },
}
