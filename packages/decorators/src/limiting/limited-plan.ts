import { checkName, type Duration, GranaryError, InvalidOption, parseDuration } from '@granary/core'
import { createRateLimiter, type LimitSetOptions, RateLimiter } from '@granary/rate-limit'
import type { MethodSite } from '../method/method-site.ts'
import type { ByLimit, RateLimitedOptions } from './rate-limited-options.ts'

/** The options of one rate-limited method, checked. */
export interface LimitedPlan extends Pick<RateLimitedOptions, 'name' | 'key' | 'onLimit'> {
  readonly rateLimiter: RateLimiter | undefined
  readonly set: LimitSetOptions
  readonly cost: ByLimit
  readonly settle: ByLimit | undefined
  readonly waiting: { readonly maxWait?: Duration }
  /** Whether a call holds something until it ends. */
  readonly holds: boolean
}

/**
 * Checks the options of a rate-limited method.
 *
 * @throws InvalidOption naming the method and the option.
 */
export function readOptions(options: RateLimitedOptions, site: MethodSite): LimitedPlan {
  const { name, key, cost = {}, settle, onLimit = 'throw', maxWait = '5s', rateLimiter, ...set } = options
  checkName(name, site.at('name'))
  if (typeof key !== 'function') throw new InvalidOption(site.at('key'), key, 'it is a function of the arguments')
  if (onLimit !== 'throw' && onLimit !== 'wait' && typeof onLimit !== 'function') {
    throw new InvalidOption(site.at('onLimit'), onLimit, "it is 'throw', 'wait' or a function of the refusal")
  }
  if (rateLimiter !== undefined && !(rateLimiter instanceof RateLimiter)) {
    throw new InvalidOption(site.at('rateLimiter'), rateLimiter, 'it is a limiter made by createRateLimiter()')
  }
  parseDuration(maxWait, site.at('maxWait'))
  checkByLimit(cost, set, site.at('cost'))
  if (settle !== undefined) checkByLimit(settle, set, site.at('settle'))
  try {
    // What a limiter would refuse at the first call is refused here.
    createRateLimiter().define(name, set)
  } catch (error) {
    throw error instanceof GranaryError ? new InvalidOption(site.where, 'an option', error.message) : error
  }
  const holds = settle !== undefined || Object.values(set.limits).some(({ kind }) => kind === 'concurrency')
  return { name, key, cost, settle, onLimit, rateLimiter, set, holds, waiting: onLimit === 'wait' ? { maxWait } : {} }
}

function checkByLimit(functions: ByLimit, { limits }: LimitSetOptions, where: string): void {
  for (const [limit, each] of Object.entries(functions)) {
    if (!(limit in (limits ?? {})))
      throw new InvalidOption(where, limit, `the limits are ${Object.keys(limits ?? {}).join(', ')}`)
    if (typeof each !== 'function')
      throw new InvalidOption(`${where}.${limit}`, each, 'it is a function of the arguments')
  }
}
