import { SeededRandom } from '../../src/seed/random.ts'
import type { Credential, World } from '../oracle/world.ts'
import { Zipf } from './zipf.ts'

/** Keys whose users talk to models much, and models that they talk to. */
const TALKATIVE = 12
const TALKED_TO = 2

/** Who and what traffic is about: skewed, as traffic is. */
export class Choices {
  readonly random: SeededRandom
  readonly #world: World
  readonly #keys: Zipf
  readonly #models: Zipf
  readonly #providers: Zipf
  readonly #modelIds: readonly string[]
  readonly #slugs: readonly string[]
  readonly #seed: number
  #counter = 0

  constructor(world: World, seed: number) {
    this.random = new SeededRandom(seed)
    this.#world = world
    this.#seed = seed
    const next = () => this.random.next()
    this.#modelIds = shuffled([...world.catalog.current.models.keys()], this.random)
    this.#slugs = shuffled([...world.catalog.current.providers.keys()], this.random)
    this.#keys = new Zipf(world.credentials.length, 1.1, next)
    this.#models = new Zipf(this.#modelIds.length, 1.4, next)
    this.#providers = new Zipf(this.#slugs.length, 1, next)
  }

  /** A key in use; some were revoked or have ended, as some are in any traffic. */
  credential(): Credential {
    return at(this.#world.credentials, this.#keys.next())
  }

  /** One of the few keys whose users talk to models much. */
  talkative(): Credential {
    return at(this.#world.credentials, this.random.integer(TALKATIVE))
  }

  /** One of the models that they talk to. */
  talkedTo(): string {
    return at(this.#modelIds, this.random.integer(TALKED_TO))
  }

  /** The rank of a key that no longer opens anything, or undefined. Its place goes to a new key. */
  deadRank(): number | undefined {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const rank = this.#keys.next()
      const key = this.#world.text(at(this.#world.credentials, rank).plaintext).current
      if (key === null || !key.isActive) return rank
    }
    return undefined
  }

  modelId(): string {
    return at(this.#modelIds, this.#models.next())
  }

  slug(): string {
    return at(this.#slugs, this.#providers.next())
  }

  /** Where somebody is: at home, or, one time in four, behind one of a few addresses that many share. */
  address(): string {
    if (this.random.chance(0.25)) return `198.51.100.${1 + this.random.integer(8)}`
    return `10.${this.random.integer(256)}.${this.random.integer(256)}.${this.random.integer(256)}`
  }

  /** A text that was not used before: values of changes never repeat, so an old one is recognised as old. */
  fresh(prefix: string): string {
    this.#counter += 1
    return `${prefix}-${this.#seed}-${this.#counter}`
  }

  /** A number that was not used before. */
  freshNumber(): number {
    this.#counter += 1
    return this.#counter
  }
}

function at<T>(list: readonly T[], rank: number): T {
  return list[Math.min(rank, list.length - 1)] as T
}

function shuffled<T>(list: readonly T[], random: SeededRandom): T[] {
  const result = [...list]
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = random.integer(last + 1)
    ;[result[last], result[other]] = [result[other] as T, result[last] as T]
  }
  return result
}
