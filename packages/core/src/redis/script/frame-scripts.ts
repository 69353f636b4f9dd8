import { FRAME, STORE_UNDER_LEASE } from './frame-functions.ts'
import { defineScript } from './script.ts'

/**
 * Grants leases. KEYS: frames. ARGV: lease ms, deadline (server ms), then for each key its token, what the caller saw (the
 * version, or the first 48 bytes of what it could not read) and its mode: k keep, d drop, b drop what could not be read,
 * f force.
 *
 * Answers the server time, then for each key: 'g' granted; 'w' and a deadline, held by another; 'c', changed since it
 * was seen; 'x', not a string; or only 'late'.
 */
export const ACQUIRE = defineScript(
  'acquire',
  `${FRAME}
local lease, now = tonumber(ARGV[1]), server_now()
if now > tonumber(ARGV[2]) then return { now, 'late' } end
local answers = { now }
for i, key in ipairs(KEYS) do
  local token, seen, mode = ARGV[i * 3], ARGV[i * 3 + 1], ARGV[i * 3 + 2]
  local h = redis.pcall('GETRANGE', key, 0, 47)
  local answer
  if type(h) == 'table' then
    answer = 'x'
  elseif #h > 0 and token_of(h) == token then
    answer = 'g'
  else
    local known = mode == 'b' and h or version_of(h)
    local held = mode ~= 'b' and #h >= 48 and token_of(h) ~= NONE and now < struct.unpack('>d', h, 13)
    if mode ~= 'f' and #h > 0 and known ~= seen then
      answer = 'c'
    elseif mode ~= 'f' and held then
      local flags = flags_of(h)
      if not has(flags, 2) then redis.call('SETRANGE', key, 2, string.char(flags + 2)) end
      answer = { 'w', tostring(struct.unpack('>d', h, 13)) }
    elseif #h < 48 or mode == 'd' or mode == 'b' or has(flags_of(h), 1) then
      redis.call('SET', key, placeholder(token, now + lease), 'PX', 2 * lease)
      answer = 'g'
    else
      redis.call('SETRANGE', key, 4, token .. struct.pack('>d', now + lease))
      local left = redis.call('PTTL', key)
      if left < 2 * lease then redis.call('PEXPIRE', key, 2 * lease) end
      answer = 'g'
    end
  end
  answers[i + 1] = answer
end
return answers`,
)

/**
 * Stores a frame under its lease. KEYS: frame. ARGV: token, frame, ms to live, wake channel, wake message.
 * Answers 1 stored, 0 rejected.
 */
export const COMMIT = defineScript(
  'commit',
  `${FRAME}${STORE_UNDER_LEASE}
return store_under_lease(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]) and 1 or 0`,
)

/** Stores a write-through, or deletes what is there when its lease was lost. KEYS and ARGV as in commit. */
export const COMMIT_PUT = defineScript(
  'commit-put',
  `${FRAME}${STORE_UNDER_LEASE}
if store_under_lease(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]) then return 1 end
redis.call('DEL', KEYS[1])
return 0`,
)

/** Gives a lease back. KEYS: frame. ARGV: token, wake channel, wake message. Answers 1 when it was still held. */
export const RELEASE = defineScript(
  'release',
  `${FRAME}
local h = redis.call('GETRANGE', KEYS[1], 0, 47)
if token_of(h) ~= ARGV[1] then return 0 end
if has(flags_of(h), 1) then
  redis.call('DEL', KEYS[1])
else
  local flags = flags_of(h)
  redis.call('SETRANGE', KEYS[1], 2, string.char(flags - (has(flags, 2) and 2 or 0)))
  redis.call('SETRANGE', KEYS[1], 4, string.rep('\\0', 16))
end
if has(flags_of(h), 2) then redis.call('PUBLISH', ARGV[2], ARGV[3]) end
return 1`,
)

/** Prolongs a lease. KEYS: frame. ARGV: token, lease ms. Answers 0 when it is lost. */
export const RENEW = defineScript(
  'renew',
  `${FRAME}
local h = redis.call('GETRANGE', KEYS[1], 0, 47)
if token_of(h) ~= ARGV[1] then return 0 end
redis.call('SETRANGE', KEYS[1], 12, struct.pack('>d', server_now() + tonumber(ARGV[2])))
if redis.call('PTTL', KEYS[1]) < 2 * tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], 2 * tonumber(ARGV[2])) end
return 1`,
)

/** Stores what a caller asserts, unless it comes after its deadline. KEYS: frame. ARGV: frame, ms to live, deadline (server ms). */
export const WRITE = defineScript(
  'write',
  `${FRAME}
if server_now() > tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`,
)
