/** Reading the packed subject at the beginning of the script, and writing it at the end. */
import type { Rule } from '../rule/rule.ts'
import { EPOCH_SECONDS } from '../rule/server-clock.ts'
import type { RuleSet } from '../rule/subject.ts'
import { type AssemblyOptions, type Layout, packFormat, VERSION, VERSION_RESET } from './layout.ts'
import { LIVE_RECORDS } from './lease-part.ts'
import { REBORN, RESET } from './reply.ts'

/** Reads the subject and the time; a subject of another birth than the caller knows ends the script. */
export function readSubject({ fields, front }: Layout, { time }: AssemblyOptions): string {
  const names = fields.map(({ name }) => name).join(', ')
  return `
local call, pack, unpack, args = redis.call, struct.pack, struct.unpack, ARGV
local key, op = KEYS[1], args[1]
local s = call('GET', key)
${time === 'server' ? `local t = call('TIME')\nlocal at = (t[1] - ${EPOCH_SECONDS}) * 1000000 + t[2]` : 'local at = tonumber(args[#args])'}
if at < 1 then at = 1 end
local version, ${names}
if s and #s >= ${front} then version, ${names} = unpack('${packFormat(fields)}', s) end
if version ~= ${VERSION} and version ~= ${VERSION_RESET} then
  s, version = false, ${VERSION}
  ${names} = at % 4294967296${', 0'.repeat(fields.length - 1)}
end
if args[2] ~= '0' and tonumber(args[2]) ~= birth then
  return pack('<bdI4', version == ${VERSION_RESET} and ${RESET} or ${REBORN}, at, birth)
end
local elapsed = at - (last - ahead)
if elapsed < 0 then ahead = ahead - elapsed
elseif ahead > 0 then ahead = math.max(0, ahead - math.floor(elapsed / 2)) end
local now = at + ahead`
}

/**
 * Writes the subject: its front region in place where that is all that changed, else the whole. The key outlives what it
 * holds by a margin, so that its expiry is moved only now and then and never fires too early.
 */
export function writeSubject(
  { rules, penalty, leaseTime }: RuleSet,
  { parts, fields, front }: Layout,
  { time }: AssemblyOptions,
): string {
  const names = fields.map(({ name }) => name).join(', ')
  const spent = parts.filter(({ part }) => part.spent !== '0').map(({ part }) => atLeast(part.spent))
  return `
local need = now + 1
${atLeast('blocked')}
${spent.join('\n')}
${penalty === undefined ? '' : `if strikes > 0 then ${atLeast(`struck + ${penalty.forget}`)} end`}
if tail and live > 0 then ${atLeast(`now + ${leaseTime}`)} end
if op == 'reset' then ${atLeast(`now + ${horizonOf({ rules, penalty, leaseTime })}`)} end
local moved = need > expires
if moved then expires = need + ${marginOf(rules)} end
last = now
if moved or body or tail then
  if not tail and dead > 0 then tail = ${LIVE_RECORDS} end
  local rest
  if body or tail then
    rest = (body or (s and string.sub(s, ${front + 1}, records) or '')) .. (tail or (s and string.sub(s, records + 1) or ''))
    if tail then open = live end
  else rest = s and string.sub(s, ${front + 1}) or '' end
  local packed = pack('${packFormat(fields)}', version, ${names}) .. rest
  if moved then call('SET', key, packed${time === 'server' ? ", 'PX', math.max(1, math.ceil((expires - now) / 1000))" : ''})
  else call('SET', key, packed, 'KEEPTTL') end
else
  call('SETRANGE', key, '0', pack('${packFormat(fields)}', version, ${names}))
end`
}

function atLeast(end: string): string {
  return `do local spent = ${end} if spent > need then need = spent end end`
}

/** A sixteenth of the longest length, and from 50 ms to 10 s. */
function marginOf(rules: readonly Rule[]): number {
  return Math.min(Math.max(Math.ceil(Math.max(...rules.map(lengthOf)) / 16), 50_000), 10_000_000)
}

/** As long as anybody can remember having used a subject. */
function horizonOf({ rules, penalty, leaseTime }: RuleSet): number {
  return Math.max(...rules.map(lengthOf), leaseTime, penalty?.forget ?? 0, penalty?.max ?? 0)
}

function lengthOf(rule: Rule): number {
  if (rule.kind === 'bucket') return rule.burst * rule.interval
  return rule.kind === 'lease' ? 0 : rule.length
}
