/** The Lua twin of `rule/period-counter.ts`. The calendar is the caller's business: it sends the period's bounds. */
import type { CounterRule } from '../rule/period-counter.ts'
import { NEVER } from '../rule/verdict.ts'
import type { Part, Place } from './part.ts'
import { OUTSIDE_PERIOD } from './reply.ts'

/** The part of one counter per period. */
export function counterPart(rule: CounterRule, place: Place): Part {
  const p = place.prefix
  const bounds = rule.calendar ? 2 : 0
  const limit = place.planned ? `${p}limit` : String(rule.limit)
  return {
    fields: [
      { name: `${p}start`, format: 'd' },
      { name: `${p}count`, format: 'I4' },
    ],
    bytes: 0,
    arguments: {
      count: bounds + (place.planned ? 1 : 0),
      read: [
        bounds === 0
          ? ''
          : `local ${p}begin, ${p}finish = tonumber(args[${place.argument}]), tonumber(args[${place.argument + 1}])`,
        place.planned ? `local ${p}limit = tonumber(args[${place.argument + bounds}])` : '',
      ].join('\n'),
    },
    roll: `${
      rule.calendar
        ? `if now < ${p}begin or now >= ${p}finish then return pack('<bdI4', ${OUTSIDE_PERIOD}, now, birth) end`
        : `local ${p}begin = math.floor(now / ${rule.length}) * ${rule.length}
local ${p}finish = ${p}begin + ${rule.length}`
    }
local ${p}used = ${p}start == ${p}begin and ${p}count or 0`,
    fits: `${p}used + ${p}cost <= ${limit}`,
    retrySetup: `
local ${p}retry = 0
if ${p}used + ${p}cost > ${limit} then ${p}retry = ${p}cost > ${limit} and ${NEVER} or ${p}finish - now end`,
    retry: `${p}retry`,
    remaining: `${limit} - ${p}used`,
    reset: `(${p}used == 0 and 0 or ${p}finish - now)`,
    units: `${p}used`,
    charge: `
if ${p}cost > 0 or recorded then
  ${p}used = math.min(${p}used + ${p}cost, 4294967295)
  ${p}start, ${p}count = ${p}begin, ${p}used
end`,
    ref: `${p}start`,
    amend: `
if ${p}start == ${p}ref then
  ${p}count = math.min(math.max(0, ${p}count + ${p}delta), 4294967295)
end`,
    spent: `(${p}start == ${p}begin and ${p}finish or 0)`,
  }
}
