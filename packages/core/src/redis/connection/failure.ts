import { type RedisFailure, RedisUnavailable } from '../../errors.ts'

const BY_CODE: Readonly<Record<string, RedisFailure>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'deadline',
  ERR_SSL_WRONG_VERSION_NUMBER: 'tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls',
}

const BY_MESSAGE: readonly (readonly [pattern: RegExp, reason: RedisFailure])[] = [
  [/^READONLY|^UNBLOCKED|^MASTERDOWN|^MISCONF|^NOREPLICAS/, 'readonly'],
  [/^MOVED |^ASK |^TRYAGAIN|^CLUSTERDOWN/, 'moved'],
  [/^LOADING/, 'loading'],
  [/^BUSY/, 'busy'],
  [/^OOM|OOM command not allowed/, 'oom'],
  [/^NOAUTH|^WRONGPASS|^NOPERM|invalid password|invalid username-password/i, 'auth'],
  [/DB index is out of range|SELECT is not allowed/i, 'database'],
  [/^WRONGTYPE/, 'wrongtype'],
  [/^ERR max number of clients/, 'overload'],
  [/Protocol error|Unexpected reply/i, 'protocol'],
  [/connect ETIMEDOUT|timed out/i, 'deadline'],
  [/Connection is closed|Stream isn't writeable|ECONNRESET|connection lost/i, 'reset'],
  [/ssl|tls|certificate/i, 'tls'],
]

/** Failures after which the connection cannot be right again: it is replaced. */
const FATAL: ReadonlySet<RedisFailure> = new Set([
  'refused',
  'reset',
  'readonly',
  'loading',
  'auth',
  'database',
  'protocol',
  'dns',
  'tls',
  'overload',
])

/** What a client's error means, in the closed vocabulary of metrics. */
export function classifyFailure(error: unknown): RedisUnavailable {
  if (error instanceof RedisUnavailable) return error
  const { code, message = String(error) } = error as { code?: unknown; message?: string }
  const known = typeof code === 'string' ? BY_CODE[code] : undefined
  const reason = known ?? BY_MESSAGE.find(([pattern]) => pattern.test(message))?.[1] ?? 'error'
  return new RedisUnavailable(reason, error)
}

/** Whether a failure of this kind ends the connection. */
export function isFatal(reason: RedisFailure): boolean {
  return FATAL.has(reason)
}
