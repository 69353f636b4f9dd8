/**
 * The one script of a limit set: all limits of a subject live in one packed string and are decided in one execution.
 *
 * It is assembled from the parts of the set's rules, with their numbers written in as constants and their fields as local
 * variables: a script that took the rules as arguments spent more time on reading them than on deciding. The number of
 * scripts is that of the limit sets an application defines, and their text depends on nothing else.
 *
 * The packed subject: a front region with the header and the numbers of every rule, which an admission rewrites in place
 * (SETRANGE); then the closed entries of windows, as far as they were ever used; then the leases, 20 bytes each.
 */
import { createHash } from 'node:crypto'
import type { Rule } from '../rule/rule.ts'
import { EPOCH_SECONDS } from '../rule/server-clock.ts'
import type { RuleSet } from '../rule/subject.ts'
import { bucketPart } from './bucket-part.ts'
import { counterPart } from './counter-part.ts'
import { LEASE_ADD, LEASE_REMOVE, LEASES_ROLL, LIVE_RECORDS, leasePart } from './lease-part.ts'
import type { Field, Part, Place } from './part.ts'
import { PENALTY_FIELDS, penaltyPiece } from './penalty-piece.ts'
import { DONE, REBORN, REFUSED, RESET } from './reply.ts'
import { windowPart } from './window-part.ts'

/** A script, ready for EVALSHA and EVAL. */
export interface Script {
  readonly text: string
  /** SHA-1 of the text, as Redis names scripts. */
  readonly sha: string
  /** Bytes of a subject that has used every closed entry, without leases. */
  readonly bytes: number
}

/** How to assemble. */
export interface AssemblyOptions {
  /** Whether limits come with every call, because they depend on the subject. */
  readonly planned: boolean
  /** Where the time comes from: the server, or, in tests that replay a history, the last argument; keys then never expire. */
  readonly time: 'server' | 'argument'
}

/** In the first byte of every packed subject. Another version's subject counts as never seen. */
const VERSION = 1
/** In its place for a subject that was reset: who has used it before is not to tell of that. */
const VERSION_RESET = 2

const HEADER: readonly Field[] = [
  { name: 'birth', format: 'I4' },
  { name: 'last', format: 'd' },
  { name: 'ahead', format: 'd' },
  { name: 'expires', format: 'd' },
  { name: 'blocked', format: 'd' },
  { name: 'open', format: 'I2' },
]

const SIZES: Readonly<Record<Field['format'], number>> = { d: 8, I2: 2, I4: 4, I6: 6 }

/** Assembles the script of a limit set. */
export function assembleScript(set: RuleSet, options: AssemblyOptions): Script {
  const layout = layOut(set, options)
  const text = [
    readSubject(layout, options),
    ...layout.parts.map(({ part }) => part.arguments.read),
    LEASES_ROLL(layout.front),
    ...layout.parts.map(({ part }) => part.roll),
    'local body, tail, result',
    "if op == 'settle' then",
    settle(layout),
    "elseif op == 'renew' then",
    renew(set, layout),
    "elseif op == 'block' then",
    `local length = tonumber(args[${layout.first}])\nblocked, result = length == 0 and 0 or now + length, pack('<bdI4', ${DONE}, now, birth)`,
    "elseif op == 'reset' then",
    reset(layout),
    'else',
    count(set, layout),
    'end',
    write(set, layout, options),
    'return result',
  ].join('\n')
  const script = tidy(text)
  const bytes = layout.parts.reduce((sum, { part }) => sum + part.bytes, layout.front)
  return { text: script, sha: createHash('sha1').update(script).digest('hex'), bytes }
}

interface Layout {
  readonly parts: readonly { readonly prefix: string; readonly part: Part }[]
  readonly fields: readonly Field[]
  /** Length of the front region. */
  readonly front: number
  /** The first argument that belongs to the operation. */
  readonly first: number
}

/** Operation and birth come first in ARGV, then the parts' arguments, then the operation's own. */
function layOut(set: RuleSet, { planned }: AssemblyOptions): Layout {
  const place = (front: number) => {
    let argument = 3
    let offset = 0
    const parts = set.rules.map((rule, index) => {
      const prefix = `${String.fromCharCode(97 + index)}_`
      const part = partOf(rule, { prefix, argument, offset, front, planned })
      argument += part.arguments.count
      offset += part.bytes
      return { prefix, part }
    })
    const own = parts.flatMap(({ part }) => part.fields)
    return {
      parts,
      fields: [...HEADER, ...(set.penalty === undefined ? [] : PENALTY_FIELDS), ...own],
      front,
      first: argument,
    }
  }
  const { fields } = place(0)
  return place(fields.reduce((sum, { format }) => sum + SIZES[format], 1))
}

function partOf(rule: Rule, place: Place): Part {
  if (rule.kind === 'window') return windowPart(rule, place)
  if (rule.kind === 'bucket') return bucketPart(rule, place)
  return rule.kind === 'counter' ? counterPart(rule, place) : leasePart(rule, place)
}

function readSubject({ fields, front }: Layout, { time }: AssemblyOptions): string {
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

function packFormat(fields: readonly Field[]): string {
  return `<B${fields.map(({ format }) => format).join('')}`
}

/** The operations that charge: check, peek, reserve, debit and restore. the last three take their costs after one more argument. */
function count(set: RuleSet, { parts, first }: Layout): string {
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

function settle({ parts, first }: Layout): string {
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

function renew(set: RuleSet, { parts, first }: Layout): string {
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
function reset({ fields }: Layout): string {
  const kept = new Set(['birth', 'last', 'ahead', 'expires'])
  const forgotten = fields.filter(({ name }) => !kept.has(name)).map(({ name }) => name)
  return `
version, birth = ${VERSION_RESET}, (birth + 1) % 4294967296
${forgotten.join(', ')} = ${forgotten.map(() => '0').join(', ')}
body, tail, live, dead = '', '', 0, 0
result = pack('<bdI4', ${DONE}, now, birth)`
}

/**
 * Writes the subject: its front region in place where that is all that changed, else the whole. The key outlives what it
 * holds by a margin, so that its expiry is moved only now and then and never fires too early.
 */
function write(
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

function tidy(text: string): string {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '').join('\n')
}
