import { isDeepStrictEqual } from 'node:util'
import { signIdentity } from '../../src/http/identity.ts'
import type { KeyTruth, UserTruth } from '../oracle/account-truth.ts'
import type { Judge } from '../oracle/judge.ts'
import type { Change } from '../oracle/timeline.ts'
import { RIGHT, type Verdict } from '../oracle/verdict.ts'
import type { Credential, World } from '../oracle/world.ts'
import { type ChangeParts, unexpected } from './account-changes.ts'
import type { Choices } from './choices.ts'
import { type Answer, bodyOf, type Call, type ChangeOperation } from './operation.ts'
import { blamedIn, PROMISES } from './promises.ts'
import type { Reads } from './reads.ts'

/** What users change of their own: their profile and their keys. Each needs a key that opens the gateway. */
export class KeyChanges {
  readonly #world: World
  readonly #reads: Reads
  readonly #choices: Choices
  readonly #judge: Judge
  readonly #identitySecret: string

  constructor({ world, reads, choices }: ChangeParts, judge: Judge, identitySecret: string) {
    this.#world = world
    this.#reads = reads
    this.#choices = choices
    this.#judge = judge
    this.#identitySecret = identitySecret
  }

  updateProfile(): ChangeOperation {
    const credential = this.#choices.credential()
    const settings = { theme: 'dark', note: this.#choices.fresh('note') }
    const email = `${this.#choices.fresh('mail')}@example.com`
    return this.#own(credential, 'PUT', '/user/profile', { settings, email }, (answer, change) => {
      const { user } = this.#world.user(credential.userId)
      const next = { ...user.current, settings, email }
      if (!isDeepStrictEqual(bodyOf(answer), { user: next })) return unexpected(answer, next)
      user.set(next, change)
      return RIGHT
    })
  }

  renameKey(): ChangeOperation {
    const credential = this.#choices.credential()
    const name = this.#choices.fresh('key')
    return this.#own(credential, 'PUT', `/user/api-keys/${credential.keyId}`, { name }, (answer, change) =>
      this.#setKey(credential, answer, change, (key) => ({ ...key, name })),
    )
  }

  revokeKey(): ChangeOperation {
    const credential = this.#choices.credential()
    return this.#own(credential, 'DELETE', `/user/api-keys/${credential.keyId}`, undefined, (answer, change) =>
      this.#setKey(credential, answer, change, (key) => ({ ...key, isActive: false })),
    )
  }

  /** Replaces a key's text; traffic goes on with the new one, and sometimes tries the old one. */
  rotateKey(): ChangeOperation {
    const credential = this.#choices.credential()
    return this.#own(credential, 'POST', `/user/api-keys/${credential.keyId}/rotate`, undefined, (answer, change) => {
      const old = this.#world.text(credential.plaintext)
      const { key, apiKey } = bodyOf(answer) as { key?: KeyTruth; apiKey?: string }
      if (old.current === null || apiKey === undefined) return unexpected(answer, 'a new key')
      const next = { ...old.current, last4: apiKey.slice(-4) }
      if (!isDeepStrictEqual(key, next)) return unexpected(answer, next)
      const trial = this.#world.trials.get(credential.keyId)
      this.#world.issue(credential.userId, apiKey, next, change)
      if (trial !== undefined) this.#world.trials.set(credential.keyId, trial)
      old.set(null, change)
      this.#world.credentials.splice(this.#rankOf(credential), 1, { ...credential, plaintext: apiKey })
      return RIGHT
    })
  }

  /** Issues another key to a user; it takes the place of one that no longer opens anything. */
  createKey(): ChangeOperation {
    const credential = this.#choices.credential()
    const body = { name: this.#choices.fresh('key'), environment: 'live' as const }
    const subject = `key-create ${credential.userId}`
    const call: Call = { layer: 'account', method: 'POST', path: '/user/api-keys', token: credential.plaintext, body }
    const issued = (answer: Answer, change: Change): Verdict => {
      const { key, apiKey } = bodyOf(answer) as { key?: KeyTruth; apiKey?: string }
      if (key === undefined || apiKey === undefined) return unexpected(answer, 'a new key')
      const hasPrimary = this.#world.user(credential.userId).keys.current.some(({ isPrimary }) => isPrimary)
      const next = newKey({ id: key.id, ...body, plaintext: apiKey, isPrimary: !hasPrimary, isTrial: false })
      if (!isDeepStrictEqual(key, next)) return unexpected(answer, next)
      this.#world.issue(credential.userId, apiKey, next, change)
      this.#replaceDead({ plaintext: apiKey, keyId: key.id, userId: credential.userId })
      return RIGHT
    }
    return {
      kind: 'change',
      call,
      subject: `user:${credential.userId}`,
      settle: (answer, change) => {
        const blamed = blamedIn(answer)
        const isCounted = answer.status !== 401 && answer.status !== 403
        if (isCounted) this.#world.ledger.note(answer, { subject, limits: PROMISES.keyCreate, blamed })
        return this.#judge.limited(answer, credential, blamed, () => issued(answer, change))
      },
      witness: () => this.#reads.profile(credential),
    }
  }

  /** Registers a user; their key takes the place of one that no longer opens anything. */
  register(): ChangeOperation {
    const username = this.#choices.fresh('newcomer')
    const privyUserId = `did:privy:${this.#choices.random.uuid()}`
    const email = `${username}@example.com`
    const identity = signIdentity({ privyUserId, username }, this.#identitySecret)
    const address = this.#choices.address()
    const registered = (answer: Answer, change: Change): Verdict => {
      const { user, key, apiKey } = bodyOf(answer) as { user?: UserTruth; key?: KeyTruth; apiKey?: string }
      if (user === undefined || key === undefined || apiKey === undefined) return unexpected(answer, 'a new user')
      const nextUser = newUser(user.id, username, email)
      const nextKey = newKey({
        id: key.id,
        name: 'primary',
        environment: 'live',
        plaintext: apiKey,
        isPrimary: true,
        isTrial: true,
      })
      if (!isDeepStrictEqual({ user, key }, { user: nextUser, key: nextKey }))
        return unexpected(answer, { nextUser, nextKey })
      this.#world.addUser(nextUser, privyUserId)
      this.#world.issue(user.id, apiKey, nextKey, change)
      // The first key of a user counts among those that they are issued.
      this.#world.ledger.note(answer, {
        subject: `key-create ${user.id}`,
        limits: PROMISES.keyCreate,
        blamed: undefined,
      })
      this.#replaceDead({ plaintext: apiKey, keyId: key.id, userId: user.id })
      return RIGHT
    }
    const body = { username, email, identity }
    return {
      kind: 'change',
      call: { layer: 'account', method: 'POST', path: '/auth/register', body, address },
      subject: `newcomer:${username}`,
      settle: (answer, change) => {
        const blamed = blamedIn(answer)
        this.#world.ledger.note(answer, { subject: `register ${address}`, limits: PROMISES.register, blamed })
        return this.#judge.limitedOpen(blamed, () => registered(answer, change))
      },
    }
  }

  /** Gives a new key the place of one that no longer opens anything. */
  #replaceDead(issued: Credential): void {
    const rank = this.#choices.deadRank()
    if (rank !== undefined) this.#world.credentials.splice(rank, 1, issued)
  }

  #setKey(credential: Credential, answer: Answer, change: Change, next: (key: KeyTruth) => KeyTruth): Verdict {
    const text = this.#world.text(credential.plaintext)
    if (text.current === null) return unexpected(answer, 'a refusal')
    const truth = next(text.current)
    if (!isDeepStrictEqual(bodyOf(answer), { key: truth })) return unexpected(answer, truth)
    text.set(truth, change)
    this.#world.listKey(credential.userId, truth, change)
    return RIGHT
  }

  #rankOf(credential: Credential): number {
    return this.#world.credentials.findIndex(({ plaintext }) => plaintext === credential.plaintext)
  }

  /** A change that a key asks for: refused keys change nothing, and must have been refused rightly. */
  #own(
    credential: Credential,
    method: Call['method'],
    path: string,
    body: object | undefined,
    settle: (answer: Answer, change: Change) => Verdict,
  ): ChangeOperation {
    const call: Call = {
      layer: 'account',
      method,
      path,
      token: credential.plaintext,
      ...(body === undefined ? {} : { body }),
    }
    return {
      kind: 'change',
      call,
      subject: `user:${credential.userId}`,
      settle: (answer, change) => this.#judge.own(answer, credential, () => settle(answer, change)),
      witness: () => this.#reads.profile(credential),
    }
  }
}

function newUser(id: number, username: string, email: string): UserTruth {
  const rest = { role: 'user', tier: 'basic', subscriptionStatus: 'trial', isActive: true, settings: {} }
  return { id, username, email, ...rest }
}

type NewKey = Pick<KeyTruth, 'id' | 'name' | 'environment' | 'isPrimary' | 'isTrial'> & { readonly plaintext: string }

function newKey({ plaintext, ...key }: NewKey): KeyTruth {
  const last4 = plaintext.slice(-4)
  return { ...key, last4, isActive: true, ipAllowlist: [], domainReferrers: [], expiresAt: null }
}
