import type { AnyEntryRef } from '../invalidation/entry-ref.ts'
import type { MethodNode } from '../method/method-node.ts'
import { labelOf } from '../method/method-site.ts'
import { registry } from '../method/registry.ts'
import { tagsOf } from './tags-of.ts'

/** The decorated methods of the program, and what connects them. Plain data: it can be sent as JSON. */
export interface CacheGraph {
  readonly methods: readonly GraphMethod[]
  readonly edges: readonly GraphEdge[]
}

/** A decorator on a method. */
export interface GraphMethod {
  /** Unique in the graph. */
  readonly id: string
  readonly kind: string
  readonly name: string
  /** `AuthService.userByKey`, as far as it is known: a standard decorator learns its class from the first instance. */
  readonly method: string
  readonly ttl: string | undefined
}

/** What a method stores under, or makes go. */
export interface GraphEdge {
  /** The `id` of a method. */
  readonly from: string
  readonly kind: 'stores-tag' | 'invalidates-tag' | 'invalidates-entry' | 'invalidates-name' | 'writes-entry'
  /** A tag family or a plain tag; for entries and names, the name of a cached method. */
  readonly to: string
}

/**
 * The graph of decorated methods: who stores which tags, and who invalidates what. Tags made by functions are known by their
 * `defineTags` family, from the text of the function and from what it was seen to make.
 */
export function cacheGraph(): CacheGraph {
  const methods: GraphMethod[] = []
  const edges: GraphEdge[] = []
  for (const [id, node] of registry.methods) {
    const { ttl } = node.options
    methods.push({
      id,
      kind: node.kind,
      name: node.name,
      method: labelOf(node),
      ttl: typeof ttl === 'string' ? ttl : typeof ttl === 'function' ? 'by value' : undefined,
    })
    for (const { kind, to } of edgesOf(node)) edges.push({ from: id, kind, to })
  }
  return { methods, edges }
}

function edgesOf(node: MethodNode): Omit<GraphEdge, 'from'>[] {
  const {
    entries = [],
    names = [],
    entry,
  } = node.options as { entries?: AnyEntryRef[]; names?: string[]; entry?: AnyEntryRef }
  const kind = node.kind === 'invalidates' ? 'invalidates-tag' : 'stores-tag'
  return [
    ...tagsOf(node).tags.map((to) => ({ kind, to }) as const),
    ...entries.map((each) => ({ kind: 'invalidates-entry', to: nameBehind(each) }) as const),
    ...names.map((to) => ({ kind: 'invalidates-name', to }) as const),
    ...(entry === undefined ? [] : [{ kind: 'writes-entry', to: nameBehind(entry) } as const]),
  ]
}

/** The name of the cached method that a reference points at; its label when it points at nothing. */
function nameBehind({ find, label }: AnyEntryRef): string {
  try {
    const { entries } = find()
    for (const node of registry.methods.values()) if (node.entries === entries) return node.name
    return label
  } catch {
    return label
  }
}
