import type { Judge } from '../oracle/judge.ts'
import type { World } from '../oracle/world.ts'
import { AccountChanges } from './account-changes.ts'
import { CatalogChanges } from './catalog-changes.ts'
import { Choices } from './choices.ts'
import { KeyChanges } from './key-changes.ts'
import type { ChangeOperation, Operation } from './operation.ts'
import { Reads, type Secrets } from './reads.ts'

/** What `Traffic` is made of. */
export interface TrafficParts {
  readonly world: World
  readonly judge: Judge
  readonly secrets: Secrets
  readonly seed: number
  /** Share of the requests that change something; one in 25 by default. */
  readonly changes?: number
}

/** An endless, seeded stream of requests in realistic proportions. */
export class Traffic {
  readonly #choices: Choices
  readonly #reads: Reads
  readonly #weighted: readonly (readonly [weight: number, make: () => ChangeOperation])[]
  readonly #sum: number
  readonly #changes: number

  constructor({ world, judge, secrets, seed, changes = 0.04 }: TrafficParts) {
    this.#changes = changes
    this.#choices = new Choices(world, seed)
    this.#reads = new Reads(judge, world, secrets)
    const parts = { world, reads: this.#reads, choices: this.#choices, adminToken: secrets.adminToken }
    const accounts = new AccountChanges(parts)
    const keys = new KeyChanges(parts, judge, secrets.identitySecret)
    const catalog = new CatalogChanges(parts)
    this.#weighted = [
      [30, () => accounts.movement('debit')],
      [14, () => accounts.movement('credit')],
      [3, () => accounts.repeatedMovement()],
      [12, () => keys.updateProfile()],
      [4, () => accounts.setTier()],
      [3, () => accounts.toggleStanding()],
      [4, () => accounts.assignPlan()],
      [2, () => accounts.cancelPlan()],
      [1, () => accounts.updatePlan()],
      [6, () => accounts.consumeTrial()],
      [1, () => accounts.convertTrial()],
      [4, () => accounts.rateLimits()],
      [4, () => keys.createKey()],
      [3, () => keys.renameKey()],
      [3, () => keys.rotateKey()],
      [2, () => keys.revokeKey()],
      [2, () => keys.register()],
      [1.2, () => catalog.setPrice()],
      [0.3, () => catalog.toggleModel()],
      [0.2, () => catalog.toggleProvider()],
      [0.3, () => catalog.synchronise()],
    ]
    this.#sum = this.#weighted.reduce((sum, [weight]) => sum + weight, 0)
  }

  /** The next request. */
  next(): Operation {
    return this.#choices.random.chance(this.#changes) ? this.#change() : this.#reads.any(this.#choices)
  }

  /** Which of `processes` takes the next request. */
  process(processes: number): number {
    return this.#choices.random.integer(processes)
  }

  /** Whether the next request is the witness of a change, in the process that took it or in another. */
  witness(): 'same' | 'other' | 'none' {
    return this.#choices.random.pick(['same', 'other', 'none'])
  }

  #change(): ChangeOperation {
    let left = this.#choices.random.next() * this.#sum
    const chosen = this.#weighted.find(([weight]) => {
      left -= weight
      return left < 0
    })
    if (chosen === undefined) throw new Error('the weights do not add up')
    return chosen[1]()
  }
}
