import {
  ipSubject,
  LIMITS,
  type LimitSet,
  RateLimitExceeded,
  type RateLimiter,
  rateLimitHeaders,
} from '@granary/rate-limit'
import type { onRequestAsyncHookHandler } from 'fastify'

/** What is limited by address: routes that nobody has a key for yet. */
export type AddressRoute = 'login' | 'register'

/** Limits what one address may try on the routes that are open to all. */
export class AddressLimits {
  readonly sets: Readonly<Record<AddressRoute, LimitSet>>

  constructor(limiter: RateLimiter) {
    this.sets = {
      login: limiter.define('login', { limits: LIMITS.LOGIN }),
      register: limiter.define('register', { limits: LIMITS.REGISTER }),
    }
  }

  /** Counts a request before anything of it is read, whatever comes of it: guesses are what the limit is for. */
  limit(route: AddressRoute): onRequestAsyncHookHandler {
    const set = this.sets[route]
    return async (request, reply) => {
      const decision = await set.check(ipSubject(request.ip))
      if (!decision.ok) throw new RateLimitExceeded(decision)
      reply.headers(rateLimitHeaders(decision))
    }
  }
}
