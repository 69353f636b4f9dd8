import type { ClassRegistry } from '@granary/serialization'
import { CachedName } from './cached-name.ts'
import type { Engine } from './engine/engine.ts'
import type { NameState } from './engine/operation.ts'
import { InvalidOption, NameTaken } from './errors.ts'
import { NAME_MEMBER } from './invalidation/local-effects.ts'
import { EVERYTHING } from './invalidation/outbound-queue.ts'
import { checkName, planKeying, type SecretDigester } from './key/keying.ts'
import type { PartialPolicy, PolicyDefaults } from './options/policy.ts'
import { resolvePolicy } from './options/resolve-policy.ts'
import { NameCounters } from './telemetry/stats.ts'
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
}

/** The names of one cache, each with its policy. */
export class Names {
  readonly #parts: NameParts
  readonly #owner: object
  readonly #known = new Map<string, Known>()

  constructor(owner: object, parts: NameParts) {
    this.#owner = owner
    this.#parts = parts
  }

  /** Defines a name, once; the same policy again answers with the same entries. */
  define(name: string, policy: PartialPolicy, replace: boolean): CachedName {
    const known = this.#known.get(name)
    if (known !== undefined && known.policy === policy) return known.named
    if (known?.explicit && !replace) throw new NameTaken(name)
    return this.#register(name, policy, true)
  }

  /** The entries of a name: defined before, or with `policy` over the cache's defaults. */
  of(name: string, policy?: PartialPolicy): CachedName {
    const known = this.#known.get(name)
    if (known !== undefined && (policy === undefined || samePolicy(known.policy, policy))) return known.named
    if (known?.explicit) throw new NameTaken(name)
    return this.#register(name, policy ?? { ttl: this.#parts.defaults.ttl ?? '1m' }, false)
  }

  /** What is known of a name, if anything. */
  stateOf(name: string): NameState | undefined {
    return this.#known.get(name)?.state
  }

  /** What is known of each name. */
  states(): readonly NameState[] {
    return Array.from(this.#known.values(), ({ state }) => state)
  }

  #register(name: string, policy: PartialPolicy, explicit: boolean): CachedName {
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
    const label = `${name}:${resolved.version}`
    const { segments } = engine
    const segment = segments.get(label) ?? new Segment(name, resolved.version)
    segments.set(label, segment)
    const state: NameState = {
      engine,
      policy: resolved,
      keying: planKeying(name, policy, { registry, secrets }),
      segment,
      counters: this.#known.get(name)?.state.counters ?? new NameCounters(),
      prefix: `${namespace}:${label}:`,
      members: [NAME_MEMBER + name, EVERYTHING],
    }
    const named = new CachedName(this.#owner, state)
    this.#known.set(name, { policy, named, state, explicit })
    return named
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
