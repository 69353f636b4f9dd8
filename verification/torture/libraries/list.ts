import { openAsyncCacheDedupe } from './async-cache-dedupe.ts'
import { openBentocache } from './bentocache.ts'
import { openCacheManager } from './cache-manager.ts'
import { openCacheable } from './cacheable.ts'
import { openCachified } from './cachified.ts'
import { openGranary } from './granary.ts'
import { openLayeredLoader } from './layered-loader.ts'
import type { OpenSubject } from './library.ts'
import { openLruCache } from './lru-cache.ts'
import type { OpenPeer } from './peer.ts'
import { PeerSubject } from './peer-subject.ts'
import { openTypeCacheable } from './type-cacheable.ts'

const peer =
  (open: OpenPeer): OpenSubject =>
  async (home) =>
    new PeerSubject(await open(home))

/** The libraries that can be tortured, by name. */
const LIBRARIES: Readonly<Record<string, OpenSubject>> = {
  granary: openGranary,
  bentocache: peer(openBentocache),
  cacheable: peer(openCacheable),
  'cache-manager': peer(openCacheManager),
  cachified: peer(openCachified),
  'layered-loader': peer(openLayeredLoader),
  'async-cache-dedupe': peer(openAsyncCacheDedupe),
  'type-cacheable': peer(openTypeCacheable),
  'lru-cache': peer(openLruCache),
}

/** Their names. */
export const LIBRARY_NAMES: readonly string[] = Object.keys(LIBRARIES)

/** How a library's cache is opened. */
export function openerOf(name: string): OpenSubject {
  const open = LIBRARIES[name]
  if (open === undefined) throw new TypeError(`'${name}' is no library of the torture: ${LIBRARY_NAMES.join(', ')}`)
  return open
}
