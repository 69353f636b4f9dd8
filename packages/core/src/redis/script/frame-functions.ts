/**
 * Lua functions over one frame, for scripts to begin with. Offsets are those of `@granary/serialization`'s frame, one-based as
 * in Lua: token 5-12, lease deadline 13-20, version 25-32.
 */
export const FRAME = `
local NONE = string.rep('\\0', 8)
local function server_now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function token_of(h) return string.sub(h, 5, 12) end
local function version_of(h) return string.sub(h, 25, 32) end
local function flags_of(h) return string.byte(h, 3) or 0 end
local function has(flags, bit) return math.floor(flags / bit) % 2 == 1 end
local function placeholder(token, deadline)
  return 'G\\1\\1\\48' .. token .. struct.pack('>d', deadline) .. string.rep('\\0', 28)
end
`

/**
 * Stores a frame when its lease is still there, and wakes those who wait for it. A frame whose version is the token was
 * stored under it before: the command was sent twice.
 */
export const STORE_UNDER_LEASE = `
local function store_under_lease(key, token, frame, px, channel, message)
  local h = redis.call('GETRANGE', key, 0, 47)
  if token_of(h) == token then
    redis.call('SET', key, frame, 'PX', px)
    if has(flags_of(h), 2) then redis.call('PUBLISH', channel, message) end
    return true
  end
  return version_of(h) == token
end
`
