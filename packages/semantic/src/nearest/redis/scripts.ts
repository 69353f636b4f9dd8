import { createHash } from 'node:crypto'
import { CODE_BYTES } from './sign-code.ts'

/** A Lua script, sent by its digest and whole only when the server does not know it. */
export interface Script {
  readonly source: string
  readonly digest: string
}

const script = (source: string): Script => ({ source, digest: createHash('sha1').update(source).digest('hex') })

/**
 * What all scripts share. The keys of a scope, in this order: `m` its generation, the log's first and next position, the number
 * of places and whether codes have a mean; `l` the log, four bytes for each change: the place; `c` the codes by place; `e` the
 * entries by place; `a` their end and answer id by place; `i` places by id; `x` ids by their end; `f` places that are free;
 * `v` the mean. Times are the server's.
 */
const SCOPE = `
local m, l, c, e, a, i, x, f, v = unpack(KEYS)
local CODE = ${CODE_BYTES}
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function whole()
  local h = redis.call('HMGET', m, 'n', 'base', 'position')
  if not h[1] then return false end
  return redis.call('STRLEN', c) == h[1] * CODE and redis.call('STRLEN', l) == (h[3] - h[2]) * 4
end
local function changed(slot)
  redis.call('APPEND', l, struct.pack('<I4', slot))
  redis.call('HINCRBY', m, 'position', 1)
end
local function drop(id)
  local slot = redis.call('HGET', i, id)
  redis.call('ZREM', x, id)
  if not slot then return 0 end
  redis.call('HDEL', i, id)
  redis.call('HDEL', e, slot)
  redis.call('HDEL', a, slot)
  redis.call('SETRANGE', c, slot * CODE, string.rep('\\0', CODE))
  redis.call('RPUSH', f, slot)
  changed(slot)
  return 1
end
`

/**
 * What has changed since a position: `[now]` when the scope holds nothing, `[now, generation, position, places, mean]` when the
 * reader must begin anew, else with the changed places and their codes of now behind it. Arguments: generation, position, most
 * changes in one answer.
 */
export const SYNC = script(`${SCOPE}
if not whole() then return {now} end
local h = redis.call('HMGET', m, 'gen', 'base', 'n', 'mean', 'position')
local base = tonumber(h[2])
local position = tonumber(h[5])
local from = tonumber(ARGV[2])
if h[1] ~= ARGV[1] or from < base or from > position then return {now, h[1], position, tonumber(h[3]), h[4]} end
local till = math.min(position, from + ARGV[3])
local slots = till == from and '' or redis.call('GETRANGE', l, (from - base) * 4, (till - base) * 4 - 1)
local codes = {}
for at = 1, #slots, 4 do
  local slot = struct.unpack('<I4', slots, at)
  codes[#codes + 1] = redis.call('GETRANGE', c, slot * CODE, slot * CODE + CODE - 1)
end
return {now, h[1], till, tonumber(h[3]), h[4], slots, table.concat(codes)}
`)

/**
 * Adds an entry or replaces the one with its id, in a place that is free or new; drops what has ended, and what ends first when
 * there are too many. 0 when the code was made for another generation. Arguments: generation (empty: none known), code, id, entry,
 * answer, ttl, a name for a new generation, most entries, longest log.
 */
export const ADD = script(`${SCOPE}
local gen = whole() and redis.call('HGET', m, 'gen')
if gen then
  if gen ~= ARGV[1] then return 0 end
else
  if ARGV[1] ~= '' then return 0 end
  redis.call('DEL', unpack(KEYS))
  redis.call('HSET', m, 'gen', ARGV[7], 'base', 0, 'position', 0, 'n', 0, 'mean', 0)
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', x, '-inf', now, 'LIMIT', 0, 64)) do drop(id) end
local slot = redis.call('HGET', i, ARGV[3])
if not slot then
  if redis.call('ZCARD', x) >= tonumber(ARGV[8]) then drop(redis.call('ZRANGE', x, 0, 0)[1]) end
  slot = redis.call('LPOP', f) or redis.call('HINCRBY', m, 'n', 1) - 1
end
local ends = now + ARGV[6]
redis.call('SETRANGE', c, slot * CODE, ARGV[2])
redis.call('HSET', e, slot, ARGV[4])
redis.call('HSET', a, slot, string.format('%.0f ', ends) .. ARGV[5])
redis.call('HSET', i, ARGV[3], slot)
redis.call('ZADD', x, ends, ARGV[3])
changed(slot)
local length = redis.call('STRLEN', l) / 4
if length > tonumber(ARGV[9]) then
  local gone = math.floor(length / 2)
  redis.call('SET', l, redis.call('GETRANGE', l, gone * 4, -1), 'KEEPTTL')
  redis.call('HINCRBY', m, 'base', gone)
end
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < tonumber(ARGV[6]) then redis.call('PEXPIRE', key, ARGV[6]) end
end
return 1
`)

/** Deletes the entries with these ids; answers how many there were. */
export const DELETE = script(`${SCOPE}
if not whole() then return 0 end
local count = 0
for _, id in ipairs(ARGV) do count = count + drop(id) end
return count
`)

/** Drops what has ended, so that searches come across it no more. */
export const SWEEP = script(`${SCOPE}
if not whole() then return 0 end
local ended = redis.call('ZRANGEBYSCORE', x, '-inf', now, 'LIMIT', 0, 1000)
for _, id in ipairs(ended) do drop(id) end
return #ended
`)

/** Gives an entry another answer id; 0 when there is none. Arguments: id, answer. */
export const RELINK = script(`${SCOPE}
local slot = redis.call('HGET', i, ARGV[1])
local ends = slot and string.match(redis.call('HGET', a, slot) or '', '^%d+ ')
if not ends then return 0 end
redis.call('HSET', a, slot, ends .. ARGV[2])
return 1
`)

/**
 * Replaces all codes by ones that were made with a mean: a new generation. 0 when anything has changed since the codes were
 * read. Arguments: generation, position, the new generation's name, codes, mean.
 */
export const RECODE = script(`${SCOPE}
if not whole() then return 0 end
local h = redis.call('HMGET', m, 'gen', 'position')
if h[1] ~= ARGV[1] or h[2] ~= ARGV[2] then return 0 end
if redis.call('STRLEN', c) ~= #ARGV[4] then return 0 end
local life = redis.call('PTTL', m)
redis.call('SET', c, ARGV[4], 'KEEPTTL')
redis.call('SET', v, ARGV[5])
if life > 0 then redis.call('PEXPIRE', v, life) end
redis.call('DEL', l)
redis.call('HSET', m, 'gen', ARGV[3], 'base', 0, 'position', 0, 'mean', 1)
return 1
`)

/** Notes that an entry carries a tag, until its end. One key, apart from the scope's. Arguments: ttl, member. */
export const NOTE_TAG = script(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1
`)
