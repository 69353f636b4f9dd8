/** The Lua twin of `rule/rolling-window.ts`. */
import { MOST_UNITS, type WindowRule } from '../rule/rolling-window.ts'
import { NEVER } from '../rule/verdict.ts'
import { type Part, type Place, putEntry } from './part.ts'

/** A closed entry: its time in ticks modulo 2^32, then its units. */
const ENTRY = 8

/**
 * The part of one rolling window. Of the closed entries, each of which has a slot of {@link ENTRY} bytes at its number modulo
 * `slots`, only those are unpacked that leave the window; the oldest one's time is kept in the front region for that.
 */
export function windowPart(rule: WindowRule, place: Place): Part {
  const p = place.prefix
  const limit = place.planned ? `${p}limit` : String(rule.limit)
  return {
    fields: [
      { name: `${p}start`, format: 'd' },
      { name: `${p}last`, format: 'd' },
      { name: `${p}oldest`, format: 'd' },
      { name: `${p}head`, format: 'I6' },
      { name: `${p}count`, format: 'I4' },
      { name: `${p}total`, format: 'I4' },
      { name: `${p}closed`, format: 'I2' },
    ],
    bytes: rule.slots * ENTRY,
    arguments: place.planned
      ? { count: 1, read: `local ${p}limit = tonumber(args[${place.argument}])` }
      : { count: 0, read: '' },
    roll: roll(rule, place),
    fits: `${p}total + ${p}cost <= ${limit}`,
    retrySetup: retrySetup(rule, place, limit),
    retry: `${p}retry`,
    remaining: `${limit} - ${p}total`,
    reset: `(${p}total == 0 and 0 or ${leaving(rule, p, `${p}closed > 0 and ${p}oldest or ${p}last`)} + ${rule.length} - now)`,
    units: `${p}total`,
    charge: charge(rule, place),
    ref: `${p}head + ${p}closed`,
    amend: amend(rule, place),
    spent: `${p}last + ${rule.length}`,
  }
}

/** The position of a slot in `s`, from 1; as an offset into `body`, from 0, without the front region. */
function slot(rule: WindowRule, { offset, front }: Place, number: string, inBody = false): string {
  return `${inBody ? offset : front + offset + 1} + (${number}) % ${rule.slots} * ${ENTRY}`
}

/** Lua for the full time of the closed entry whose ticks are in `tick`. No entry is newer than the current one's start. */
function timeOf(rule: WindowRule, p: string): string {
  if (rule.tick === 1) return `${p}start - (${p}start - tick) % 4294967296`
  return `(${p}newest - (${p}newest - tick) % 4294967296) * ${rule.tick}`
}

/** Lua for the time that counts for a closed entry: its own may be rounded up, and all have left once the current one has. */
function leaving(rule: WindowRule, p: string, closed: string): string {
  return rule.tick === 1 ? `(${closed})` : `math.min(${closed}, ${p}last)`
}

function newest(rule: WindowRule, p: string): string {
  return rule.tick === 1 ? '' : `local ${p}newest = math.ceil(${p}start / ${rule.tick})`
}

function roll(rule: WindowRule, place: Place): string {
  const p = place.prefix
  return `
local ${p}freed = false
if ${p}start ~= 0 then
  if ${p}last + ${rule.length} <= now then
    ${p}head = ${p}head + ${p}closed + 1
    ${p}start, ${p}last, ${p}oldest, ${p}count, ${p}total, ${p}closed = 0, 0, 0, 0, 0, 0
  elseif ${p}closed > 0 and ${p}oldest + ${rule.length} <= now then
    ${newest(rule, p)}
    repeat
      local _, units = unpack('<I4I4', s, ${slot(rule, place, `${p}head`)})
      ${p}head, ${p}closed, ${p}total = ${p}head + 1, ${p}closed - 1, ${p}total - units
      if ${p}closed > 0 then
        local tick = unpack('<I4', s, ${slot(rule, place, `${p}head`)})
        ${p}oldest = ${timeOf(rule, p)}
      end
    until ${p}closed == 0 or ${p}oldest + ${rule.length} > now
    ${p}freed = true
  end
end`
}

function retrySetup(rule: WindowRule, place: Place, limit: string): string {
  const p = place.prefix
  return `
local ${p}retry = 0
if ${p}total + ${p}cost > ${limit} then
  if ${p}cost > ${limit} then ${p}retry = ${NEVER} else
    ${newest(rule, p)}
    local excess = ${p}total + ${p}cost - ${limit}
    ${p}retry = ${p}last + ${rule.length} - now
    for number = ${p}head, ${p}head + ${p}closed - 1 do
      local tick, units = unpack('<I4I4', s, ${slot(rule, place, 'number')})
      excess = excess - units
      if excess <= 0 then
        ${p}retry = ${leaving(rule, p, timeOf(rule, p))} + ${rule.length} - now
        break
      end
    end
  end
end`
}

function charge(rule: WindowRule, place: Place): string {
  const p = place.prefix
  const tick = rule.tick === 1 ? `${p}last` : `math.ceil(${p}last / ${rule.tick})`
  return `
if ${p}cost > 0 or recorded then
  local units = ${p}cost
  if units > ${MOST_UNITS} - ${p}total then units = ${MOST_UNITS} - ${p}total end
  if ${p}start == 0 or ${p}freed or now - ${p}start >= ${rule.span} then
    if ${p}count == 0 and (${p}start == 0 or live == 0) then
      ${p}start = now
    elseif ${p}closed < ${rule.slots} then
      local tick = ${tick}
      ${putEntry(place.front, slot(rule, place, `${p}head + ${p}closed`, true), `pack('<I4I4', tick % 4294967296, ${p}count)`)}
      if ${p}closed == 0 then ${p}oldest = tick * ${rule.tick} end
      ${p}closed, ${p}start, ${p}count = ${p}closed + 1, now, 0
    end
  end
  ${p}count, ${p}total, ${p}last = ${p}count + units, ${p}total + units, now
end`
}

function amend(rule: WindowRule, place: Place): string {
  const p = place.prefix
  return `
do
  local from_head = ${p}ref - ${p}head
  if ${p}start ~= 0 and from_head >= 0 and from_head <= ${p}closed then
    local held, tick = ${p}count, nil
    if from_head < ${p}closed then tick, held = unpack('<I4I4', s, ${slot(rule, place, `${p}ref`)}) end
    local change = math.min(math.max(${p}delta, -held), ${MOST_UNITS} - ${p}total)
    ${p}total = ${p}total + change
    if tick then
      ${putEntry(place.front, slot(rule, place, `${p}ref`, true), `pack('<I4I4', tick, held + change)`)}
    else ${p}count = held + change end
  end
end`
}
