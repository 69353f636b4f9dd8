import { FRAME, STORE_UNDER_LEASE } from './frame-functions.ts'
import { defineScript } from './script.ts'

/**
 * Scripts over a namespace's metadata, which lives and dies together: the clock `incarnation:c:n:floor:life` and the sorted
 * set of tag records, tied to it by the member `!`. Losing either, or meeting a new server life, makes a new incarnation:
 * every frame of the old one is a miss, none is revived.
 *
 * Each begins with a DEL of a key that never exists: after a first write that needs no memory, Redis lets a script write on
 * when memory is full, and an invalidation must not be refused then.
 *
 * In a cluster a life is the epoch, as 16 hexadecimal digits, and the life of the clock's master: who has not heard of the last
 * failover yet names an earlier one, and that makes nothing anew.
 */
const OPEN = `
local function is_earlier(a, b)
  return #a == 32 and #b == 32 and string.sub(a, 17) == string.sub(b, 17) and a < b
end
redis.call('DEL', KEYS[3])
local clock = redis.call('GET', KEYS[1])
local inc, c, n, floor, life
if clock then inc, c, n, floor, life = string.match(clock, '^(%d+):(%d+):(%d+):(%d+):(%x+)$') end
local mark = redis.call('ZSCORE', KEYS[2], '!')
if not inc or (life ~= ARGV[2] and not is_earlier(ARGV[2], life)) or not mark or tonumber(mark) ~= -tonumber(inc) then
  inc, c, n, floor, life = ARGV[1], 0, 0, 0, ARGV[2]
  redis.call('DEL', KEYS[2])
  redis.call('ZADD', KEYS[2], '-' .. inc, '!')
  redis.call('SET', KEYS[1], inc .. ':0:0:0:' .. life)
  redis.call('PUBLISH', ARGV[3], inc .. ':0:0:-:')
end
c, n, floor = tonumber(c), tonumber(n), tonumber(floor)
`

/** Numbers an invalidation, keeps the clock, and tells the bus. */
const TELL = `
n = n + 1
redis.call('SET', KEYS[1], inc .. ':' .. string.format('%.0f:%.0f:%.0f', c, n, floor) .. ':' .. life)
redis.call('PUBLISH', ARGV[3], inc .. ':' .. string.format('%.0f:%.0f', c, n) .. ':' .. ARGV[4] .. ':' .. ARGV[5])
`

/**
 * Opens the metadata and tells it. KEYS: clock, tags, never. ARGV: incarnation to make if one is needed, life, bus channel,
 * most records to tell. Answers incarnation, c, n, floor, server ms, number of records, the newest members and records, and
 * the seal of all.
 */
export const HELLO = defineScript(
  'hello',
  `${OPEN}
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local records = redis.call('ZREVRANGEBYSCORE', KEYS[2], '+inf', '0', 'WITHSCORES', 'LIMIT', 0, ARGV[4])
local count = redis.call('ZCARD', KEYS[2]) - 1
local parts = inc .. string.format(' %.0f %.0f %.0f %.0f %.0f', c, n, floor, now, count)
if #records > 0 then parts = parts .. ' ' .. table.concat(records, ' ') end
return { inc, c, n, floor, now, count, records, redis.sha1hex(parts) }`,
)

const INVALIDATE = `${OPEN}
for i = 4, #KEYS do redis.call('DEL', KEYS[i]) end
if #ARGV > 6 then
  c = c + 1
  for i = 7, #ARGV do redis.call('ZADD', KEYS[2], c, ARGV[i]) end
  local over = redis.call('ZCARD', KEYS[2]) - 1 - tonumber(ARGV[6])
  if over > 0 then
    local last = redis.call('ZRANGE', KEYS[2], over, over, 'WITHSCORES')
    floor = math.max(floor, tonumber(last[2]))
    redis.call('ZREMRANGEBYRANK', KEYS[2], 1, over)
  end
end
${TELL}`

/**
 * Invalidates. KEYS: clock, tags, never, then frames to delete. ARGV: incarnation, life, bus channel, origin, message body,
 * most records kept, then tag members. Answers incarnation, c, n.
 */
export const BUMP = defineScript('bump', `${INVALIDATE}\nreturn { inc, c, n }`)

/**
 * Who may serve memory: a sorted set of processes by the end of their lease, in server ms. The member \`!\` and the incarnation
 * stands for all whom it does not know: leases from before a restart, a failover or its own loss end within one lease time
 * of its making, so until then it counts as one that never acknowledges.
 */
const MEMBERS = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local unknown = redis.call('ZSCORE', mem, '!' .. inc) or now + lease
redis.call('ZREMRANGEBYSCORE', mem, '-inf', now)
redis.call('ZADD', mem, unknown, '!' .. inc)
`

/**
 * The same, and tells who may serve memory that has not heard of it. KEYS: as before, then members. ARGV: as before, then the
 * lease time (ms). Answers incarnation, c, n, server ms, then members and the ends of their leases.
 */
export const BUMP_AWAITED = defineScript(
  'bump-awaited',
  `local mem, lease = table.remove(KEYS), tonumber(table.remove(ARGV))
${INVALIDATE}${MEMBERS}
return { inc, c, n, now, redis.call('ZRANGEBYSCORE', mem, '(' .. now, '+inf', 'WITHSCORES') }`,
)

/**
 * Takes or renews the lease under which a process may serve memory. KEYS: clock, tags, never, members. ARGV: incarnation, life,
 * bus channel, member, lease time (ms). Answers incarnation, c, n.
 */
export const JOIN = defineScript(
  'join',
  `local mem, lease = KEYS[4], tonumber(ARGV[5])
${OPEN}${MEMBERS}
redis.call('ZADD', mem, now + lease, ARGV[4])
return { inc, c, n }`,
)

/**
 * Stores what a caller asserts, unless it comes after its deadline, and tells other memories: one round trip where frame and
 * metadata are on one node. The frame is written first, as a write that full memory refuses.
 *
 * KEYS: clock, tags, never, frame. ARGV: incarnation, life, bus channel, origin, message body, frame, ms to live, deadline
 * (server ms). Answers 1 stored, incarnation, c, n; or only 0, late.
 */
export const WRITE_AND_TELL = defineScript(
  'write-and-tell',
  `${FRAME}
if server_now() > tonumber(ARGV[8]) then return { 0 } end
redis.call('SET', KEYS[4], ARGV[6], 'PX', ARGV[7])
${OPEN}${TELL}
return { 1, inc, c, n }`,
)

/**
 * Stores a write-through, or deletes what is there when its lease was lost, and tells other memories either way.
 *
 * KEYS: clock, tags, never, frame. ARGV: incarnation, life, bus channel, origin, message body, token, frame, ms to live, wake
 * channel, wake message. Answers 1 stored or 0 rejected, then incarnation, c, n.
 */
export const PUT_AND_TELL = defineScript(
  'put-and-tell',
  `${FRAME}${STORE_UNDER_LEASE}
local stored = store_under_lease(KEYS[4], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10])
if not stored then redis.call('DEL', KEYS[4]) end
${OPEN}${TELL}
return { stored and 1 or 0, inc, c, n }`,
)

/**
 * The records of members. KEYS: clock, tags, never (unused). ARGV: the incarnation they are asked for, then members.
 * Answers 'lost' when the metadata is another one; else each member's record, or the floor, and the seal of all.
 */
export const RECORDS = defineScript(
  'records',
  `local clock = redis.call('GET', KEYS[1])
local mark = redis.call('ZSCORE', KEYS[2], '!')
local inc, c, n, floor
if clock then inc, c, n, floor = string.match(clock, '^(%d+):(%d+):(%d+):(%d+):') end
if inc ~= ARGV[1] or not mark or tonumber(mark) ~= -tonumber(inc) then return 'lost' end
local answers = {}
for i = 2, #ARGV do answers[i - 1] = redis.call('ZSCORE', KEYS[2], ARGV[i]) or floor end
answers[#ARGV] = redis.sha1hex(table.concat(answers, ' '))
return answers`,
)
