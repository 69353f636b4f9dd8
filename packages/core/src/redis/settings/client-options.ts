import { InvalidOption } from '../../errors.ts'
import type { RedisOptions } from '../../options/redis-client.ts'

/** What an ioredis client takes (version 6): anything else would be passed on and silently do nothing. */
export const CLIENT_OPTIONS = [
  ...['host', 'port', 'path', 'family', 'db', 'username', 'password', 'tls', 'Connector', 'natMap'],
  ...['sentinels', 'name', 'role', 'preferredSlaves', 'sentinelUsername', 'sentinelPassword', 'sentinelTLS'],
  ...['enableTLSForSentinelMode', 'updateSentinels', 'sentinelMaxConnections', 'failoverDetector'],
  ...['sentinelRetryStrategy', 'sentinelReconnectStrategy', 'sentinelCommandTimeout'],
  ...['connectionName', 'disableClientInfo', 'clientInfoTag', 'keepAlive', 'noDelay', 'lazyConnect', 'readOnly'],
  ...[
    'connectTimeout',
    'disconnectTimeout',
    'commandTimeout',
    'socketTimeout',
    'blockingTimeout',
    'blockingTimeoutGrace',
  ],
  ...['retryStrategy', 'reconnectOnError', 'maxRetriesPerRequest', 'maxLoadingRetryTime', 'autoResubscribe'],
  ...['autoResendUnfulfilledCommands', 'enableOfflineQueue', 'offlineQueue', 'commandQueue', 'enableReadyCheck'],
  ...['enableAutoPipelining', 'autoPipeliningIgnoredCommands', 'scripts', 'himportFieldsets', 'keyPrefix'],
  ...['showFriendlyErrorStack', 'stringNumbers', 'protocol', 'replyMapping', 'monitor'],
] as const

const TIER_OPTIONS: ReadonlySet<string> = new Set(['callBudget', 'slowAfter', 'leaseTime', 'required'])
const PLACES = ['host', 'port', 'path', 'sentinels'] as const

/** Options that would be taken for granted and cannot be kept, with what is to be done instead. */
const REFUSED: Readonly<Record<string, { readonly isMeant: (value: unknown) => boolean; readonly instead: string }>> = {
  keyPrefix: { isMeant: (value) => value !== '', instead: "keys begin with the cache's namespace: set that" },
  readOnly: { isMeant: (value) => value !== false, instead: 'a replica lags behind: every node is asked as a master' },
  role: { isMeant: (value) => value !== 'master', instead: "a replica lags behind: it is 'master'" },
  preferredSlaves: { isMeant: () => true, instead: 'a replica lags behind: the master is asked' },
  monitor: { isMeant: (value) => value !== false, instead: 'a connection in monitor mode answers nothing' },
}

/**
 * Checks the options of a client before it gets them.
 *
 * @throws InvalidOption for one that a client does not know, that belongs elsewhere, or that contradicts another.
 */
export function checkClientOptions(options: RedisOptions, isCluster: boolean): void {
  const known: readonly string[] = CLIENT_OPTIONS
  for (const [option, value] of Object.entries(options)) {
    const name = `redis.${option}`
    if (TIER_OPTIONS.has(option))
      throw new InvalidOption(name, value, `it stands beside 'client': redis: { client: …, ${option}: … }`)
    // Its value is not shown: it may be a misspelt password's.
    if (!known.includes(option))
      throw new InvalidOption(name, option, `options of an ioredis client are ${known.join(', ')}`)
    if (isCluster && (PLACES as readonly string[]).includes(option))
      throw new InvalidOption(name, value, "nodes are named by 'cluster' alone")
    const refused = REFUSED[option]
    if (value !== undefined && refused?.isMeant(value)) throw new InvalidOption(name, value, refused.instead)
  }
  if (options['sentinels'] !== undefined && typeof options['name'] !== 'string')
    throw new InvalidOption('redis.name', options['name'], 'beside sentinels it is the name of the group they watch')
  if (options['path'] !== undefined && (options['host'] !== undefined || options['port'] !== undefined))
    throw new InvalidOption('redis.path', options['path'], 'a socket has no host and no port: give one or the other')
}
