import { MethodNameTaken } from '../errors.ts'
import { TagUse } from '../graph/tag-use.ts'
import { nameIn, scopeOf } from '../scope/scope.ts'
import type { AsyncMethod } from './fit.ts'
import type { EntrySource, MethodKind, MethodNode } from './method-node.ts'
import { labelOf, type MethodSite } from './method-site.ts'
import { registry } from './registry.ts'

/** What a decorator says about itself for the registry. */
export interface NodeFacts {
  readonly kind: MethodKind
  readonly site: MethodSite
  readonly original: AsyncMethod
  readonly options: Readonly<Record<string, unknown>>
  readonly entries: EntrySource | undefined
  /** How many decorators of this kind already stand on the method. */
  readonly position: number
}

let unplaced = 0

/**
 * One node's place in the registry. The place of a nameless decorator is known when its class is, which for standard
 * decorators is later than decoration; only then, too, can a second registration of a method be told from a rival.
 */
export class Enrolment {
  readonly node: MethodNode
  readonly #facts: NodeFacts
  readonly #unplaced: string
  #key: string | undefined
  #again = false

  constructor(facts: NodeFacts) {
    this.#facts = facts
    this.#unplaced = `~${++unplaced}`
    this.node = nodeOf(facts, (owner) => {
      facts.site.belongsTo(owner)
      this.#settle()
    })
    this.#enrol()
  }

  /** The class is known, or has got a scope: take the place that belongs to it now. */
  #settle(): void {
    if (this.#key === this.#place()) return
    if (this.#key !== undefined && registry.methods.get(this.#key) === this.node) registry.methods.delete(this.#key)
    this.#enrol()
  }

  /**
   * Called before the first call goes through, when the class is known. Tells whether the method was registered before.
   *
   * @throws MethodNameTaken when the name belongs to another method.
   */
  claim(): boolean {
    this.#settle()
    this.#enrol()
    const holder = registry.methods.get(this.#place()) ?? this.node
    const verdict = compare(holder, this.node)
    if (verdict === 'other' || (verdict === 'unknown' && !sameText(holder, this.node))) {
      throw new MethodNameTaken(this.node.name, labelOf(holder), labelOf(this.node))
    }
    return this.#again || holder !== this.node
  }

  /** Takes the place if it is free, or held by an earlier registration of the same method; never takes it back. */
  #enrol(): void {
    const place = this.#place()
    const holder = registry.methods.get(place)
    if (holder !== undefined && (this.#key === place || compare(holder, this.node) !== 'same')) return
    this.#again ||= holder !== undefined && holder !== this.node
    registry.methods.set(place, this.node)
    this.#key = place
  }

  #place(): string {
    const { kind, site, position } = this.#facts
    const { name } = this.node
    if (site.facts.name !== undefined) return kind === 'cached' ? name : `${kind}:${name}`
    const settled = site.className !== undefined || site.facts.member === 'function'
    return `${kind}:${name}${position === 0 ? '' : `#${position + 1}`}${settled ? '' : this.#unplaced}`
  }
}

function nodeOf({ kind, site, original, options, entries }: NodeFacts, belongsTo: (owner: object) => void): MethodNode {
  const { name, methodName, member } = site.facts
  return {
    kind,
    get name() {
      return name === undefined ? site.label : nameIn(scopeOf(site.owner), name)
    },
    get className() {
      return site.className
    },
    methodName,
    member,
    options,
    original,
    entries,
    tags: new TagUse(),
    belongsTo,
  }
}

/**
 * Whether two nodes are one method, registered again because its module was loaded twice or reloaded: the same member of the
 * same class, whatever its text is now. A function has no class, so its text must be the same.
 */
function compare(one: MethodNode, other: MethodNode): 'same' | 'other' | 'unknown' {
  if (one === other) return 'same'
  if (one.kind !== other.kind || one.methodName !== other.methodName || one.member !== other.member) return 'other'
  if (one.member === 'function') return sameText(one, other) ? 'same' : 'other'
  if (one.className === undefined || other.className === undefined) return 'unknown'
  return one.className === other.className ? 'same' : 'other'
}

function sameText(one: MethodNode, other: MethodNode): boolean {
  return one.original.toString() === other.original.toString()
}
