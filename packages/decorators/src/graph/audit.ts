import type { AnyEntryRef } from '../invalidation/entry-ref.ts'
import { labelOf } from '../method/method-site.ts'
import { registry } from '../method/registry.ts'
import { tagsOf } from './tags-of.ts'

/** Something in the cache graph that leads nowhere. */
export interface CacheGraphFinding {
  readonly kind: 'never-invalidated' | 'never-cached' | 'not-cached' | 'not-known'
  /** The tag, name or reference; for `not-known`, the option. */
  readonly subject: string
  /** The methods concerned. */
  readonly methods: readonly string[]
  /** What it means and what to do. */
  readonly message: string
}

/**
 * Reads the cache graph for links that lead nowhere: tags that entries carry and nothing invalidates, tags that are
 * invalidated and no entry carries, and invalidated names and entries that no method caches. Empty when all is connected.
 *
 * Tags are compared by `defineTags` family; strings written by hand are compared as they are. A tag function that names no
 * family and has not run yet is reported as `not-known`, because it may be the missing end of another finding.
 *
 * @example
 * ```ts
 * test('every tag that is cached is invalidated somewhere', () => {
 *   expect(auditCacheGraph()).toEqual([])
 * })
 * ```
 */
export function auditCacheGraph(): readonly CacheGraphFinding[] {
  const stored = new Map<string, string[]>()
  const invalidated = new Map<string, string[]>()
  const findings: CacheGraphFinding[] = []
  for (const node of registry.methods.values()) {
    const method = labelOf(node)
    const { tags, unknown } = tagsOf(node)
    const side = node.kind === 'invalidates' ? invalidated : stored
    for (const tag of tags) side.set(tag, [...(side.get(tag) ?? []), method])
    for (const subject of unknown) findings.push(finding('not-known', subject, [method]))
    for (const subject of deadEnds(node.options)) findings.push(finding('not-cached', subject, [method]))
  }
  for (const [tag, methods] of stored)
    if (!invalidated.has(tag)) findings.push(finding('never-invalidated', tag, methods))
  for (const [tag, methods] of invalidated) if (!stored.has(tag)) findings.push(finding('never-cached', tag, methods))
  return findings
}

const MEANING: Readonly<Record<CacheGraphFinding['kind'], string>> = {
  'never-invalidated':
    'is stored and never invalidated: only the ttl ends it. Invalidate it where the data changes, or drop the tag.',
  'never-cached':
    'is invalidated and no cached method stores it: a misspelt tag, or an invalidation that does nothing.',
  'not-cached': 'is invalidated and no method caches it: the name is misspelt, or its module is not loaded.',
  'not-known': 'names no defineTags family and has not run yet, so its tags are not known.',
}

function finding(kind: CacheGraphFinding['kind'], subject: string, methods: readonly string[]): CacheGraphFinding {
  return { kind, subject, methods, message: `'${subject}' (${methods.join(', ')}) ${MEANING[kind]}` }
}

function deadEnds(options: Readonly<Record<string, unknown>>): string[] {
  const {
    entries = [],
    names = [],
    entry,
  } = options as { entries?: AnyEntryRef[]; names?: string[]; entry?: AnyEntryRef }
  const references = [...entries, ...(entry === undefined ? [] : [entry])].filter(({ find }) => !resolves(find))
  return [...names.filter((name) => !registry.methods.has(name)), ...references.map(({ label }) => label)]
}

function resolves(find: AnyEntryRef['find']): boolean {
  try {
    find()
    return true
  } catch {
    return false
  }
}
