/** The operations on what is there: settle and renew a lease, block and reset a subject. */
import type { RuleSet } from '../rule/subject.ts'
import { type Layout, VERSION_RESET } from './layout.ts'
import { LEASE_ADD, LEASE_REMOVE } from './lease-part.ts'
import { DONE, REFUSED } from './reply.ts'

/** Corrects what a reservation charged, and gives its lease back. */
export function settle({ parts, first }: Layout): string {
  const amendments = parts.map(({ prefix, part }, index) => {
    if (part.amend === '') return ''
    const delta = `tonumber(args[${first + 1 + index}])`
    const ref = `tonumber(args[${first + 1 + parts.length + index}])`
    return `local ${prefix}delta, ${prefix}ref = ${delta}, ${ref}\nif ${prefix}delta ~= 0 then ${part.amend} end`
  })
  return `
local lease = args[${first}]
${LEASE_REMOVE}
if not found then return pack('<bdI4', ${REFUSED}, now, birth) end
${amendments.join('\n')}
result = pack('<bdI4', ${DONE}, now, birth)`
}

/** Gives a lease its full time again; one that ended is taken anew where there is room. */
export function renew(set: RuleSet, { parts, first }: Layout): string {
  const rooms = set.rules.flatMap((rule, index) =>
    rule.kind === 'lease'
      ? [
          `local ${parts[index]?.prefix}cost = 1\nif not found and not (${parts[index]?.part.fits}) then return pack('<bdI4', ${REFUSED}, now, birth) end`,
        ]
      : [],
  )
  return `
local lease = args[${first}]
${LEASE_REMOVE}
${rooms.join('\n')}
${LEASE_ADD(set.leaseTime)}
result = pack('<bdI4', ${DONE}, now, birth)`
}

/** Everything but the time; the birth is another one even within one microsecond. */
export function reset({ fields }: Layout): string {
  const kept = new Set(['birth', 'last', 'ahead', 'expires'])
  const forgotten = fields.filter(({ name }) => !kept.has(name)).map(({ name }) => name)
  return `
version, birth = ${VERSION_RESET}, (birth + 1) % 4294967296
${forgotten.join(', ')} = ${forgotten.map(() => '0').join(', ')}
body, tail, live, dead = '', '', 0, 0
result = pack('<bdI4', ${DONE}, now, birth)`
}

/** Refuses everything for a time; 0 ends that. */
export function block({ first }: Layout): string {
  return `
local length = tonumber(args[${first}])
blocked, result = length == 0 and 0 or now + length, pack('<bdI4', ${DONE}, now, birth)`
}
