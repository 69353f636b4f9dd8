import { isDeepStrictEqual } from 'node:util'
import { formatMoney, parseMoney } from '../../src/domain/money.ts'
import { DEFAULT_RATE_LIMITS } from '../../src/domain/rate-limits.ts'
import { type MovementTruth, moved, totalOf, trialBody, type UserTruth, usedOnce } from '../oracle/account-truth.ts'
import type { Change } from '../oracle/timeline.ts'
import { RIGHT, type Verdict, wrong } from '../oracle/verdict.ts'
import type { Credential, World } from '../oracle/world.ts'
import type { Choices } from './choices.ts'
import { type Answer, bodyOf, type Call, type ChangeOperation } from './operation.ts'
import type { Reads } from './reads.ts'
import { Setbacks } from './setbacks.ts'

/** What changes are made of. */
export interface ChangeParts {
  readonly world: World
  readonly reads: Reads
  readonly choices: Choices
  readonly adminToken: string
}

/** Changes that administrators make to accounts. */
export class AccountChanges {
  readonly #world: World
  readonly #reads: Reads
  readonly #choices: Choices
  readonly #adminToken: string
  /** Movements that were answered: one of them is sent again now and then. */
  readonly #answered: { readonly credential: Credential; readonly call: Call; readonly movement: MovementTruth }[] = []

  readonly #lockedOut = new Setbacks<Credential>()

  constructor({ world, reads, choices, adminToken }: ChangeParts) {
    this.#world = world
    this.#reads = reads
    this.#choices = choices
    this.#adminToken = adminToken
  }

  /** Adds credits to a user, or takes some: now and then more than there are. */
  movement(type: 'credit' | 'debit'): ChangeOperation {
    const { random } = this.#choices
    const credential = this.#choices.credential()
    const { userId } = credential
    const excessive = type === 'debit' && random.chance(0.05)
    const amount = excessive
      ? '900000.0000'
      : formatMoney(BigInt(1 + random.integer(type === 'credit' ? 50_000 : 2_000)))
    const requestId = random.uuid()
    const description = this.#choices.fresh(type)
    const path = type === 'credit' ? '/admin/add_credits' : '/admin/deduct_credits'
    const call = this.#admin('POST', path, { userId, amount, requestId, description })
    const settle = (answer: Answer, change: Change): Verdict => {
      const { money, movements } = this.#world.user(userId)
      const signed = type === 'credit' ? amount : `-${amount}`
      const after = moved(money.current, parseMoney(signed))
      if (after === undefined) return expectStatus(answer, 402)
      const balances = { balanceBefore: totalOf(money.current), balanceAfter: totalOf(after) }
      const movement: MovementTruth = { requestId, amount: signed, type, description, ...balances }
      if (!isDeepStrictEqual(bodyOf(answer), { transaction: movement })) return unexpected(answer, movement)
      money.set(after, change)
      movements.set([movement, ...movements.current], change)
      this.#answered.push({ credential, call, movement })
      return RIGHT
    }
    return { kind: 'change', call, subject: `user:${userId}`, settle, witness: () => this.#reads.balance(credential) }
  }

  /** Sends a movement a second time, as a client does that never saw the answer: nothing may move. */
  repeatedMovement(): ChangeOperation {
    if (this.#answered.length === 0) return this.movement('credit')
    const { credential, call, movement } = this.#choices.random.pick(this.#answered.slice(-1_000))
    const settle = (answer: Answer): Verdict =>
      isDeepStrictEqual(bodyOf(answer), { transaction: movement }) ? RIGHT : unexpected(answer, movement)
    return {
      kind: 'change',
      call,
      subject: `user:${credential.userId}`,
      settle,
      witness: () => this.#reads.balance(credential),
    }
  }

  setTier(): ChangeOperation {
    const tier = this.#choices.random.pick(['basic', 'pro', 'max', 'enterprise'])
    return this.#userState('/admin/set-tier', { tier }, (user) => ({ ...user, tier }))
  }

  /** Locks a user out, or lets the one in again who is out: nobody busy stays out for long. */
  toggleStanding(): ChangeOperation {
    const out = this.#lockedOut.due(({ userId }) => !this.#world.user(userId).user.current.isActive)
    if (out !== undefined) {
      const change = (user: UserTruth): UserTruth => ({ ...user, isActive: true, subscriptionStatus: 'active' })
      return this.#userState('/admin/reinstate-user', {}, change, out)
    }
    const credential = this.#lockedOut.add(this.#choices.credential())
    const change = (user: UserTruth): UserTruth => ({ ...user, isActive: false, subscriptionStatus: 'suspended' })
    return this.#userState('/admin/suspend-user', {}, change, credential)
  }

  assignPlan(): ChangeOperation {
    const credential = this.#choices.credential()
    const { userId } = credential
    const planId = 1 + this.#choices.random.integer(this.#world.plans.size)
    const settle = (answer: Answer, change: Change): Verdict => {
      if (answer.status !== 204) return unexpected(answer, 204)
      const { user, planId: held } = this.#world.user(userId)
      const tier = this.#world.plan(planId).current.tier ?? user.current.tier
      user.set({ ...user.current, tier, subscriptionStatus: 'active' }, change)
      held.set(planId, change)
      return RIGHT
    }
    const call = this.#admin('POST', '/admin/assign-plan', { userId, planId })
    return { kind: 'change', call, subject: `user:${userId}`, settle, witness: () => this.#reads.plan(credential) }
  }

  cancelPlan(): ChangeOperation {
    const credential = this.#choices.credential()
    const { userId } = credential
    const settle = (answer: Answer, change: Change): Verdict => {
      if (answer.status !== 204) return unexpected(answer, 204)
      const { user, planId } = this.#world.user(userId)
      if (planId.current === null) return RIGHT
      user.set({ ...user.current, subscriptionStatus: 'canceled' }, change)
      planId.set(null, change)
      return RIGHT
    }
    const call = this.#admin('POST', '/admin/cancel-plan', { userId })
    return { kind: 'change', call, subject: `user:${userId}`, settle, witness: () => this.#reads.plan(credential) }
  }

  updatePlan(): ChangeOperation {
    const planId = 1 + this.#choices.random.integer(this.#world.plans.size)
    const description = this.#choices.fresh('plan')
    const dailyRequestLimit = 1_000 + this.#choices.freshNumber()
    const settle = (answer: Answer, change: Change): Verdict => {
      const plan = this.#world.plan(planId)
      const next = { ...plan.current, description, dailyRequestLimit }
      if (!isDeepStrictEqual(bodyOf(answer), { plan: next })) return unexpected(answer, next)
      plan.set(next, change)
      return RIGHT
    }
    const call = this.#admin('PUT', `/admin/plans/${planId}`, { description, dailyRequestLimit })
    return { kind: 'change', call, subject: `plan:${planId}`, settle, witness: () => this.#reads.plans() }
  }

  consumeTrial(): ChangeOperation {
    const credential = this.#trialCredential()
    if (credential === undefined) return this.setTier()
    const { keyId, userId } = credential
    const use = { tokens: 1 + this.#choices.random.integer(500), credits: '0.0100' }
    const settle = (answer: Answer, change: Change): Verdict => {
      const trial = this.#world.trials.get(keyId)
      const next = trial === undefined ? undefined : usedOnce(trial.current, use.tokens, use.credits)
      if (trial === undefined || next === undefined) return expectStatus(answer, 404)
      if (!isDeepStrictEqual(bodyOf(answer), { trial: trialBody(next) })) return unexpected(answer, next)
      trial.set(next, change)
      return RIGHT
    }
    const call = this.#admin('POST', '/admin/consume-trial', { keyId, ...use })
    return { kind: 'change', call, subject: `user:${userId}`, settle, witness: () => this.#reads.profile(credential) }
  }

  convertTrial(): ChangeOperation {
    const credential = this.#trialCredential()
    if (credential === undefined) return this.setTier()
    const { keyId, userId } = credential
    const settle = (answer: Answer, change: Change): Verdict => {
      const trial = this.#world.trials.get(keyId)
      if (trial === undefined) return expectStatus(answer, 404)
      const next = { ...trial.current, converted: true }
      if (!isDeepStrictEqual(bodyOf(answer), { trial: trialBody(next) })) return unexpected(answer, next)
      trial.set(next, change)
      return RIGHT
    }
    const call = this.#admin('POST', '/admin/convert-trial', { keyId })
    return { kind: 'change', call, subject: `user:${userId}`, settle, witness: () => this.#reads.profile(credential) }
  }

  /** Gives a key limits of its own, or, now and then, the default ones. */
  rateLimits(): ChangeOperation {
    const { keyId } = this.#choices.credential()
    const own = !this.#choices.random.chance(0.3)
    const limits = own
      ? { ...DEFAULT_RATE_LIMITS, requestsPerDay: 10_000 + this.#choices.freshNumber() }
      : DEFAULT_RATE_LIMITS
    const settle = (answer: Answer, change: Change): Verdict => {
      if (answer.status !== 204) return unexpected(answer, 204)
      this.#world.limitsOf(keyId).set(limits, change)
      return RIGHT
    }
    const path = `/admin/rate-limits/config?keyId=${keyId}`
    const call = own ? this.#admin('PUT', path, limits) : this.#admin('DELETE', path)
    return { kind: 'change', call, subject: `limits:${keyId}`, settle, witness: () => this.#reads.rateLimits(keyId) }
  }

  #userState(
    path: string,
    body: object,
    next: (user: UserTruth) => UserTruth,
    credential = this.#choices.credential(),
  ): ChangeOperation {
    const { userId } = credential
    const settle = (answer: Answer, change: Change): Verdict => {
      const { user } = this.#world.user(userId)
      const truth = next(user.current)
      if (!isDeepStrictEqual(bodyOf(answer), { user: truth })) return unexpected(answer, truth)
      user.set(truth, change)
      return RIGHT
    }
    const call = this.#admin('POST', path, { userId, ...body })
    return { kind: 'change', call, subject: `user:${userId}`, settle, witness: () => this.#reads.profile(credential) }
  }

  #trialCredential(): Credential | undefined {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const credential = this.#choices.credential()
      if (this.#world.trials.has(credential.keyId)) return credential
    }
    return undefined
  }

  #admin(method: Call['method'], path: string, body?: object): Call {
    const token = this.#adminToken
    return { layer: 'admin', method, path, token, ...(body === undefined ? {} : { body }) }
  }
}

/** The verdict on an answer whose only right status is this one. */
function expectStatus(answer: Answer, status: number): Verdict {
  return answer.status === status ? RIGHT : unexpected(answer, status)
}

/** The verdict on an answer to a change that is not what the world led to expect. */
export function unexpected(answer: Answer, wanted: unknown): Verdict {
  return wrong(`answered with ${answer.status} ${answer.text.slice(0, 200)} instead of ${JSON.stringify(wanted)}`)
}
