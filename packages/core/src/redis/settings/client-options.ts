import { InvalidOption } from '../../errors.ts'
import type { ClientOption, RedisOptions } from '../../options/redis-client.ts'

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
] as const satisfies readonly ClientOption[]

const TIER_OPTIONS: ReadonlySet<string> = new Set(['callBudget', 'slowAfter', 'leaseTime', 'required'])
/** What says where Redis is; a `Connector` knows it by itself. */
const PLACES = ['host', 'port', 'path', 'sentinels'] as const satisfies readonly ClientOption[]

/** Options that would be taken for granted and cannot be kept, with what is to be done instead. */
const REFUSED: Readonly<Record<string, { readonly isMeant: (value: unknown) => boolean; readonly instead: string }>> = {
  keyPrefix: { isMeant: (value) => value !== '', instead: "keys begin with the cache's namespace: set that" },
  readOnly: { isMeant: (value) => value !== false, instead: 'a replica lags behind: every node is asked as a master' },
  role: { isMeant: (value) => value !== 'master', instead: "a replica lags behind: it is 'master'" },
  preferredSlaves: { isMeant: () => true, instead: 'a replica lags behind: the master is asked' },
  monitor: { isMeant: (value) => value !== false, instead: 'a connection in monitor mode answers nothing' },
}

/**
 * Checks that options say where Redis is. A client takes those that do not for localhost, but they are more likely a variable
 * that is not set than a wish.
 *
 * @param option - What the options are called in the error.
 * @throws InvalidOption when they name no place, or a host that is empty.
 */
export function checkPlace(options: RedisOptions, option: string): void {
  // A client reads own properties only: a getter of a class, as a `URL` has, would be seen here and not there.
  const own: RedisOptions = { ...options }
  const named = PLACES.filter((place) => !isEmpty(own[place]))
  if (named.length === 0 && isEmpty(own.Connector) && !('host' in own))
    throw new InvalidOption(option, options, `ioredis options have ${PLACES.join(', ')} or a Connector; ${OTHERWISE}`)
  if ('host' in own && !named.some((place) => place !== 'port'))
    throw new InvalidOption(`${option}.host`, own.host, `it is where Redis is; ${OTHERWISE}`)
}

const OTHERWISE = "a place is also a URL as text, { cluster: [nodes] }, an ioredis client, or 'env'"

/** As a client takes it: its own resolved options have `null` for what is not there. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === ''
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
    if (!isEmpty(value) && refused?.isMeant(value)) throw new InvalidOption(name, value, refused.instead)
  }
  if (Array.isArray(options.sentinels) && options.sentinels.length === 0)
    throw new InvalidOption('redis.sentinels', options.sentinels, 'at least one of them says where the master is')
  if (!isEmpty(options.sentinels) && typeof options.name !== 'string')
    throw new InvalidOption('redis.name', options.name, 'beside sentinels it is the name of the group they watch')
  if (!isEmpty(options.path) && !(isEmpty(options.host) && isEmpty(options.port)))
    throw new InvalidOption('redis.path', options.path, 'a socket has no host and no port: give one or the other')
}
