/** The operations that charge. */
import type { RuleSet } from '../rule/subject.ts'
import { type Layout, VERSION_RESET } from './layout.ts'
import { LEASE_ADD } from './lease-part.ts'
import type { Part } from './part.ts'
import { penaltyPiece } from './penalty-piece.ts'
import { DONE, REFUSED, RESET } from './reply.ts'

/** Check, peek, reserve, debit and restore. The last three take their costs after one more argument. */
export function charge(set: RuleSet, { parts, first }: Layout): string {
  const each = (piece: (part: Part, prefix: string) => string, separator = '\n') =>
    parts.map(({ part, prefix }) => piece(part, prefix)).join(separator)
  const states = reply(
    each((part) => `${part.remaining}, ${part.reset}`, ', '),
    2 * parts.length,
  )
  const charges = reply(
    each((part) => `${part.remaining}, ${part.reset}, ${part.ref}`, ', '),
    3 * parts.length,
  )
  return `
local costs, lease, recorded = ${first}, nil, false
if op ~= 'check' and op ~= 'peek' then
  costs, lease = ${first + 1}, op ~= 'restore' and args[${first}]
  recorded = lease and lease ~= ''
end
${parts.map(({ prefix }, index) => `local ${prefix}cost = tonumber(args[costs + ${index}] or 1)`).join('\n')}
if op == 'check' or op == 'reserve' or op == 'peek' then
  if blocked > now or not (${each((part) => part.fits, ' and ')}) then
    ${refuse(set, each)}
  elseif op == 'peek' then
    return ${states}
  end
elseif op == 'restore' and s then
  if tonumber(args[${first}]) == birth then
    ${each((part, prefix) => `${prefix}cost = math.max(0, ${prefix}cost - ${part.units})`)}
  elseif version == ${VERSION_RESET} then
    return pack('<bdI4', ${RESET}, now, birth)
  end
end
if not result then
  ${each((part) => part.charge)}
  if recorded then
    ${LEASE_ADD(set.leaseTime)}
    result = ${charges}
  else
    result = ${states}
  end
end`
}

function refuse(
  { penalty, rules }: RuleSet,
  each: (piece: (part: Part) => string, separator?: string) => string,
): string {
  const reasons = each((part) => `${part.remaining}, ${part.retry}, ${part.reset}`, ', ')
  return `
${penalty === undefined ? '' : penaltyPiece(penalty)}
${each((part) => part.retrySetup)}
result = pack('<bdI4d${'d'.repeat(3 * rules.length)}', ${REFUSED}, now, birth, math.max(0, blocked - now), ${reasons})
${penalty === undefined ? 'return result' : 'if not struck_now then return result end'}`
}

function reply(numbers: string, count: number): string {
  return `pack('<bdI4${'d'.repeat(count)}', ${DONE}, now, birth, ${numbers})`
}
