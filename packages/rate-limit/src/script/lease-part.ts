/** The Lua twin of `rule/leases.ts`: the records of held places, at the end of the packed subject. */
import { LEASE_ID_LENGTH, type LeaseRule, MOST_LEASES } from '../rule/leases.ts'
import { NEVER } from '../rule/verdict.ts'
import type { Part, Place } from './part.ts'

/** A lease: its id, then its end. */
const RECORD = LEASE_ID_LENGTH + 8

/** Counts the leases that ended (`dead`, a prefix of the records) and those that hold (`live`). */
export const LEASES_ROLL = (front: number): string => `
local records = s and #s - open * ${RECORD} or ${front}
local dead = 0
while dead < open and unpack('<d', s, records + dead * ${RECORD} + ${LEASE_ID_LENGTH + 1}) <= now do dead = dead + 1 end
local live = open - dead`

/** The live records as a string, for a new `tail`. */
export const LIVE_RECORDS = `(live > 0 and string.sub(s, records + dead * ${RECORD} + 1) or '')`

/** Appends a lease of the id `lease`. */
export const LEASE_ADD = (leaseTime: number): string => `
tail = tail or ${LIVE_RECORDS}
if live >= ${MOST_LEASES} then tail, live = string.sub(tail, (live - ${MOST_LEASES - 1}) * ${RECORD} + 1), ${MOST_LEASES - 1} end
tail, live = tail .. lease .. pack('<d', now + ${leaseTime}), live + 1`

/** Takes the lease of the id `lease` away, and sets `found`. */
export const LEASE_REMOVE = `
local found, from = nil, records + dead * ${RECORD} + 1
while live > 0 do
  local at_byte = string.find(s, lease, from, true)
  if not at_byte then break end
  if (at_byte - records - 1) % ${RECORD} == 0 then found = at_byte break end
  from = at_byte + 1
end
if found then
  tail = string.sub(s, records + dead * ${RECORD} + 1, found - 1) .. string.sub(s, found + ${RECORD})
  live = live - 1
end`

/** The part of a bound on leases. It stores nothing of its own. */
export function leasePart(rule: LeaseRule, place: Place): Part {
  const p = place.prefix
  const limit = place.planned ? `${p}limit` : String(rule.limit)
  const firstEnd = `(live > 0 and unpack('<d', tail or s, (tail and 0 or records + dead * ${RECORD}) + ${LEASE_ID_LENGTH + 1}) - now or 0)`
  return {
    fields: [],
    bytes: 0,
    arguments: place.planned
      ? { count: 1, read: `local ${p}limit = tonumber(args[${place.argument}])` }
      : { count: 0, read: '' },
    roll: '',
    fits: `live + ${p}cost <= ${limit}`,
    retrySetup: `
local ${p}retry = 0
if live + ${p}cost > ${limit} then ${p}retry = ${p}cost > ${limit} and ${NEVER} or ${firstEnd} end`,
    retry: `${p}retry`,
    remaining: `${limit} - live`,
    reset: firstEnd,
    units: '0',
    charge: '',
    ref: '0',
    amend: '',
    spent: '0',
  }
}
