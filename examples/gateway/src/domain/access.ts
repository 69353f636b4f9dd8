import type { ApiKey } from './api-key.ts'
import type { User } from './user.ts'

/** The parts of a request that decide about access beside the key itself. */
export interface AccessContext {
  readonly ip: string
  readonly referrer: string | undefined
  readonly now: Date
}

/** Why a key was let in, or was not. */
export type AccessVerdict =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly status: 401 | 403; readonly code: string }

const ADMITTED: AccessVerdict = { admitted: true }

/**
 * Decides whether a key opens the gateway.
 *
 * The expiry is looked at here as well as in the database: an entry may be served until its ttl, a key never after its end.
 */
export function decideAccess(key: ApiKey, user: User, { ip, referrer, now }: AccessContext): AccessVerdict {
  if (!key.isActive) return refuse(401, 'invalid_api_key')
  if (key.expiresAt !== null && key.expiresAt <= now) return refuse(401, 'expired_api_key')
  if (!user.isActive) return refuse(403, 'suspended')
  if (key.ipAllowlist.length > 0 && !key.ipAllowlist.includes(ip)) return refuse(403, 'address_not_allowed')
  if (key.domainReferrers.length > 0 && !key.domainReferrers.includes(hostOf(referrer))) {
    return refuse(403, 'referrer_not_allowed')
  }
  return ADMITTED
}

function refuse(status: 401 | 403, code: string): AccessVerdict {
  return { admitted: false, status, code }
}

function hostOf(referrer: string | undefined): string {
  return referrer !== undefined && URL.canParse(referrer) ? new URL(referrer).hostname : ''
}
