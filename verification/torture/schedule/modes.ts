import type { CacheOptions } from '@granary/core'

/** How the caches of a schedule keep their memories coherent. */
export type Mode = 'bus'

/** What a mode asks of `createCache`, and whether memory may lag behind invalidations of other processes under it. */
export const MODES: Readonly<
  Record<Mode, { readonly options: Partial<CacheOptions>; readonly mayLag: boolean; readonly weight: number }>
> = {
  bus: { options: {}, mayLag: true, weight: 1 },
}
