import type { ClassRegistry } from '@granary/serialization'
import { CachedName } from './cached-name.ts'
import type { Engine } from './engine/engine.ts'
import type { NameState } from './engine/operation.ts'
import type { Address } from './engine/remote.ts'
import { InvalidOption, NameTaken } from './errors.ts'
import { NAME_MEMBER } from './invalidation/local-effects.ts'
import { EVERYTHING } from './invalidation/outbound-queue.ts'
import { checkName, planKeying, type SecretDigester } from './key/keying.ts'
import type { PartialPolicy, PolicyDefaults } from './options/policy.ts'
import { resolvePolicy } from './options/resolve-policy.ts'
import { addTo, NameCounters } from './telemetry/stats.ts'
import { Segment } from './tiers/segment.ts'

/** What names are made with. */
export interface NameParts {
  readonly namespace: string
  readonly engine: Engine
  readonly defaults: PolicyDefaults
  readonly registry: ClassRegistry
  /** Undefined when secret arguments cannot be digested alike in every process. */
  readonly secrets: SecretDigester | undefined
  /** Whether a Redis is configured, in which sealed entries need keys. */
  readonly remote: boolean
}

interface Known {
  readonly policy: PartialPolicy
  readonly named: CachedName
  readonly state: NameState
  /** Defined by `cache.define`, not by the options of a call. */
  readonly explicit: boolean
  /** Only asked for, never stored under: another process may make its keys in another way. */
  assumed: boolean
  /** Called again since the last time names were forgotten. */
  used: boolean
}

/** What became of the names that were forgotten. */
export interface ForgottenNames {
  readonly counters: NameCounters
  evictions: number
}

/**
 * The names of one cache, each with its policy.
 *
 * Names given to `cache.define` stay: the program holds them. Names that only calls have brought are bounded, because a call
 * may make them from anything; the ones not called lately are forgotten, with their entries in memory.
 */
export class Names {
  readonly #parts: NameParts
  readonly #owner: object
  readonly #limit: number
  readonly #known = new Map<string, Known>()
  readonly #widened = new Set<string>()
  #implicit = 0
  /** The counters of forgotten names, so that the totals stay whole. */
  readonly forgotten: ForgottenNames = { counters: new NameCounters(), evictions: 0 }

  constructor(owner: object, parts: NameParts, limit = 1_000) {
    this.#owner = owner
    this.#parts = parts
    this.#limit = limit
  }

  /** Defines a name, once; the same policy again answers with the same entries. */
  define(name: string, policy: PartialPolicy, replace: boolean): CachedName {
    const known = this.#known.get(name)
    if (known !== undefined && known.policy === policy) return known.named
    if (known?.explicit && !replace) throw new NameTaken(name)
    return this.#register(name, policy, { explicit: true, assumed: false }).named
  }

  /** The entries of a name that are about to be stored or loaded: defined before, or with `policy` over the cache's defaults. */
  of(name: string, policy?: PartialPolicy): CachedName {
    const known = this.#known.get(name)
    if (known !== undefined && (policy === undefined || samePolicy(known.policy, policy))) {
      known.used = true
      known.assumed = false
      return known.named
    }
    if (known?.explicit) throw new NameTaken(name)
    return this.#register(name, policy ?? this.#usual(), { explicit: false, assumed: false }).named
  }

  /** The entries of a name that are only asked for. */
  find(name: string): CachedName {
    const known = this.#known.get(name) ?? this.#register(name, this.#usual(), { explicit: false, assumed: true })
    known.used = true
    return known.named
  }

  /**
   * Where an entry may be stored; undefined when nothing here says how the keys of its name are made. A process that has not
   * defined a name does not know the key function and the version that another one uses.
   */
  addressesOf(name: string, args: readonly unknown[], self: unknown): readonly Address[] | undefined {
    const known = this.#known.get(name)
    if (known !== undefined && !known.assumed) return known.named.addressesOf(args, self)
    checkName(name, 'name')
    this.#adviseOnce(name)
    return undefined
  }

  /** What is known of a name, if anything. */
  stateOf(name: string): NameState | undefined {
    return this.#known.get(name)?.state
  }

  /** What is known of each name. */
  states(): readonly NameState[] {
    return Array.from(this.#known.values(), ({ state }) => state)
  }

  #usual(): PartialPolicy {
    return { ttl: this.#parts.defaults.ttl ?? '1m' }
  }

  #register(name: string, policy: PartialPolicy, { explicit, assumed }: Pick<Known, 'explicit' | 'assumed'>): Known {
    checkName(name, 'name')
    const { engine, namespace, defaults, registry, secrets, remote } = this.#parts
    const asked = resolvePolicy(name, policy, defaults)
    // Without Redis there is no other process, and memory is exact.
    const resolved = remote ? asked : { ...asked, strong: false }
    if (resolved.encrypt && remote && !engine.settings.sealByDefault) {
      throw new InvalidOption(
        `${name}: encrypt`,
        true,
        'it needs keys: createCache({ encrypt: { keys: [{ id, key }] } })',
      )
    }
    const keying = planKeying(name, policy, { registry, secrets })
    const before = this.#known.get(name)
    const label = `${name}:${resolved.version}`
    if (before !== undefined && !before.explicit && before.state.segment.label !== label) this.#retire(before.state)
    const { segments, fences } = engine
    const segment = segments.get(label) ?? new Segment(name, resolved.version, fences.events)
    segments.set(label, segment)
    const state: NameState = {
      engine,
      policy: resolved,
      keying,
      segment,
      counters: before?.state.counters ?? new NameCounters(),
      prefix: `${namespace}:${label}:`,
      members: [NAME_MEMBER + name, EVERYTHING],
    }
    const known = { policy, named: new CachedName(this.#owner, state), state, explicit, assumed, used: false }
    this.#known.set(name, known)
    this.#implicit += Number(!explicit) - Number(before !== undefined && !before.explicit)
    if (this.#implicit > this.#limit) this.#forget(name)
    return known
  }

  /** Forgets a tenth of the names that calls have brought, those first that were not called since the last time (as in SIEVE). */
  #forget(newcomer: string): void {
    const enough = this.#limit - Math.floor(this.#limit / 10)
    while (this.#implicit > enough) {
      for (const [name, known] of this.#known) {
        if (known.explicit || name === newcomer) continue
        if (known.used) {
          known.used = false
          continue
        }
        this.#known.delete(name)
        this.#implicit -= 1
        this.#retire(known.state)
        addTo(this.forgotten.counters, known.state.counters)
        this.forgotten.evictions += known.state.segment.evictions
        if (this.#implicit <= enough) return
      }
    }
  }

  /**
   * Takes a segment out of use. Calls that began with it go on, but invalidations do not reach it any more: what they bring
   * is theirs alone, neither kept nor shared.
   */
  #retire({ engine, segment }: NameState): void {
    engine.segments.delete(segment.label)
    engine.memory.clearSegment(segment, 'evicted')
    engine.flights.detachAll(segment)
    segment.clearedAt = Number.POSITIVE_INFINITY
  }

  #adviseOnce(name: string): void {
    if (this.#widened.has(name) || this.#widened.size >= this.#limit) return
    this.#widened.add(name)
    this.#parts.engine.telemetry.emit({
      type: 'advice-given',
      advice: `An entry of '${name}' was invalidated where the name is not defined: how its keys are made is not known here, so all its entries are invalidated. Define '${name}' in this process as well, or say clear('${name}').`,
    })
  }
}

/** Inline policies are written anew at each call: equal options are the same policy, but a new closure is another one. */
function samePolicy(a: PartialPolicy, b: PartialPolicy): boolean {
  if (a === b) return true
  const fields = Object.keys(a) as (keyof PartialPolicy)[]
  return fields.length === Object.keys(b).length && fields.every((field) => sameOption(a[field], b[field]))
}

function sameOption(a: unknown, b: unknown): boolean {
  return (
    Object.is(a, b) ||
    (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, at) => each === b[at]))
  )
}
