import type { FastifyInstance } from 'fastify'
import { NotFound } from '../../domain/catalog.ts'
import type { User } from '../../domain/user.ts'
import type { AddressLimits } from '../../limits/address-limits.ts'
import type { Services } from '../../services/services.ts'
import { type Identity, verifyIdentity } from '../identity.ts'
import { login, registration } from '../schemas.ts'
import { keyView, userView } from '../views.ts'

interface Registration {
  readonly username: string
  readonly email: string
  readonly identity?: string
}

/** What the routes of registration and login are made of. */
export interface AuthParts {
  readonly services: Services
  readonly addresses: AddressLimits
  readonly identitySecret: string
}

/** Registration and login, each limited by address. */
export function authRoutes(app: FastifyInstance, { services, addresses, identitySecret }: AuthParts): void {
  const register = { onRequest: addresses.limit('register'), schema: { body: registration } }
  app.post<{ Body: Registration }>('/auth/register', register, async (request, reply) => {
    const { username, email, identity } = request.body
    const privyUserId = identity === undefined ? null : verifyIdentity(identity, identitySecret).privyUserId
    const user = await services.accounts.register({ username, email, privyUserId })
    const issued = await services.keyIssuer.create(user.id, { name: 'primary', environment: 'live', trial: true })
    reply.code(201)
    return { user: userView(user), key: keyView(issued.key), apiKey: issued.plaintext }
  })

  const logIn = { onRequest: addresses.limit('login'), schema: { body: login } }
  app.post<{ Body: { identity: string } }>('/auth/login', logIn, async (request) => {
    const user = await userOf(services, verifyIdentity(request.body.identity, identitySecret))
    const keys = await services.keys.ofUser(user.id)
    return { user: userView(user), keys: keys.map(keyView) }
  })
}

/** The user with this identity; one who registered without it is recognised by the name that the identity vouches for. */
async function userOf({ auth, accounts }: Services, { privyUserId, username }: Identity): Promise<User> {
  const known = await auth.userByPrivyId(privyUserId)
  if (known !== null) return known
  const named = username === null ? null : await auth.userByUsername(username)
  if (named === null || named.privyUserId !== null) throw new NotFound('a user with this identity')
  return accounts.attachIdentity(named.id, privyUserId)
}
