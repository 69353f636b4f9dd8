import { type ClassRegistry, copyOf, examine } from '@granary/serialization'
import type { ResolvedPolicy } from '../options/resolve-policy.ts'

/** A value as it is kept: private to the cache, or frozen and shared. */
export interface StoredValue {
  readonly value: unknown
  /** Hits may share it; otherwise each gets a copy. */
  readonly shared: boolean
  readonly bytes: number
  /** What the walk found that encoding has to know; undefined when it was not walked. */
  readonly special: boolean | undefined
}

/** Why a value cannot be kept: it would not come back equal. */
export interface Refusal {
  readonly path: string
  readonly reason: string
}

type CopyPolicy = Pick<ResolvedPolicy, 'copy'>

/**
 * Makes a loaded value ready to be kept: one walk validates it, estimates its bytes and freezes plain data. What cannot be
 * frozen is copied, so that neither the loader's owner nor a caller can change what later hits get.
 */
export function prepareLoaded(value: unknown, { copy }: CopyPolicy, registry: ClassRegistry): StoredValue | Refusal {
  const examined = examine(value, { registry, freeze: copy === 'freeze' })
  if (!examined.ok) return { path: examined.path, reason: examined.reason }
  const shared = mayShare(examined, { copy })
  return { value: shared ? value : copyOf(value, registry), shared, bytes: examined.bytes, special: examined.special }
}

/** Whether hits may share a value that was just decoded, and frozen on the way if it had to be: it is private already. */
export function mayShare({ shareable }: { readonly shareable: boolean }, { copy }: CopyPolicy): boolean {
  return copy === 'trust' || (copy === 'freeze' && shareable)
}

/** What one caller gets. */
export function give(stored: Pick<StoredValue, 'value' | 'shared'>, registry: ClassRegistry): unknown {
  return stored.shared ? stored.value : copyOf(stored.value, registry)
}
