/** The Lua twin of `rule/token-bucket.ts`. */
import type { BucketRule } from '../rule/token-bucket.ts'
import { NEVER } from '../rule/verdict.ts'
import type { Part, Place } from './part.ts'

/** The part of one token bucket. */
export function bucketPart(rule: BucketRule, place: Place): Part {
  const p = place.prefix
  const interval = place.planned ? `${p}interval` : String(rule.interval)
  const burst = place.planned ? `${p}burst` : String(rule.burst)
  const depth = place.planned ? `${p}burst * ${p}interval` : String(rule.burst * rule.interval)
  const left = `math.floor((${depth} - ${p}missing) / ${interval})`
  return {
    fields: [{ name: `${p}tat`, format: 'd' }],
    bytes: 0,
    arguments: place.planned
      ? {
          count: 2,
          read: `local ${p}interval, ${p}burst = tonumber(args[${place.argument}]), tonumber(args[${place.argument + 1}])`,
        }
      : { count: 0, read: '' },
    roll: `local ${p}missing = math.max(${p}tat, now) - now`,
    fits: `${p}missing + ${p}cost * ${interval} <= ${depth}`,
    retrySetup: `
local ${p}retry = 0
if ${p}missing + ${p}cost * ${interval} > ${depth} then
  ${p}retry = ${p}cost > ${burst} and ${NEVER} or math.ceil(${p}missing + ${p}cost * ${interval} - ${depth})
end`,
    retry: `${p}retry`,
    remaining: left,
    reset: `(${p}missing == 0 and 0 or math.ceil(math.max(0, ${p}missing - (${burst} - math.max(0, ${left}) - 1) * ${interval})))`,
    units: `math.ceil(${p}missing / ${interval})`,
    charge: `
if ${p}cost > 0 or recorded then
  ${p}missing = ${p}missing + ${p}cost * ${interval}
  ${p}tat = now + ${p}missing
end`,
    ref: 'now',
    amend: `
if ${p}delta > 0 then ${p}tat = math.max(${p}tat, now) + ${p}delta * ${interval}
else ${p}tat = ${p}tat - math.max(0, -${p}delta * ${interval} - (now - ${p}ref)) end`,
    spent: `${p}tat`,
  }
}
