import { createHmac, timingSafeEqual } from 'node:crypto'

/** What the identity provider says about somebody. */
export interface Identity {
  readonly privyUserId: string
  readonly username: string | null
}

/** Says that an identity token was not signed by the identity provider. */
class InvalidIdentity extends Error {
  readonly code = 'invalid_identity'

  constructor() {
    super('the identity token is not valid')
  }
}

/** Signs an identity as the identity provider does: it and the gateway share `secret`. */
export function signIdentity(identity: Identity, secret: string): string {
  const claims = Buffer.from(JSON.stringify(identity)).toString('base64url')
  return `${claims}.${sign(claims, secret).toString('base64url')}`
}

/** Reads a signed identity; throws an error with code `invalid_identity`. */
export function verifyIdentity(token: string, secret: string): Identity {
  const [claims = '', signature = ''] = token.split('.')
  const given = Buffer.from(signature, 'base64url')
  const expected = sign(claims, secret)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new InvalidIdentity()
  return JSON.parse(Buffer.from(claims, 'base64url').toString()) as Identity
}

function sign(claims: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(claims).digest()
}
