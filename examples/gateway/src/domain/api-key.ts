import { createHash, randomBytes } from 'node:crypto'

/** What a key is for; part of the key's text. */
export type Environment = 'live' | 'test' | 'staging' | 'development'

const PREFIXES: Readonly<Record<Environment, string>> = {
  live: 'gw_live_',
  test: 'gw_test_',
  staging: 'gw_staging_',
  development: 'gw_dev_',
}

/** An API key as the gateway knows it: neither the key nor its hash is part of it. */
export interface ApiKey {
  readonly id: number
  readonly userId: number
  readonly last4: string
  readonly name: string
  readonly environment: Environment
  readonly isPrimary: boolean
  readonly isActive: boolean
  readonly isTrial: boolean
  readonly scopePermissions: Readonly<Record<string, unknown>>
  readonly ipAllowlist: readonly string[]
  readonly domainReferrers: readonly string[]
  readonly expiresAt: Date | null
  readonly createdAt: Date
}

/** A key at the only moment at which its text is known: when it is made. */
export interface IssuedKey {
  readonly plaintext: string
  readonly key: ApiKey
}

/** What the owner of a key may choose when making it. */
export interface NewKey {
  readonly name: string
  readonly environment: Environment
  readonly expiresAt?: Date | null
  /** Whether the key starts with what `trial_config` offers. */
  readonly trial?: boolean
}

/** What the owner of a key may change later. */
export interface KeyChanges {
  readonly name?: string
  readonly ipAllowlist?: readonly string[]
  readonly domainReferrers?: readonly string[]
  readonly expiresAt?: Date | null
}

/** A new key's text: its environment's prefix and 32 characters of randomness. */
export function generateKey(environment: Environment, bytes: (count: number) => Uint8Array = randomBytes): string {
  return PREFIXES[environment] + Buffer.from(bytes(24)).toString('base64url')
}

/** Whether `text` looks like a key of this gateway; what does not is refused without asking anybody. */
export function looksLikeKey(text: string): boolean {
  return /^gw_(live|test|staging|dev)_[\w-]{32}$/.test(text)
}

/** What the database stores of a key: SHA-256 over the deployment's salt and the key. */
export function hashKey(plaintext: string, salt: string): string {
  return createHash('sha256').update(salt).update('\0').update(plaintext).digest('hex')
}
