import { isIP } from 'node:net'

/** What a gateway process is told by its environment. */
export interface GatewayConfig {
  readonly port: number
  readonly databaseUrl: string | undefined
  /** Whether the environment names a Redis; without one memory serves alone. */
  readonly redis: boolean
  readonly keySalt: string
  readonly adminToken: string
  readonly identitySecret: string
  /** Addresses and networks of the proxies in front, whose X-Forwarded-For is believed; of nobody else's. */
  readonly trustedProxies: readonly string[]
}

/** Reads the configuration; throws an error that names the variable which is missing or wrong. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): GatewayConfig {
  const redis = env['REDIS_URL'] !== undefined || env['REDIS_HOST'] !== undefined
  // Without it the first request that shows an API key would be the one to find out.
  if (redis) required(env, 'GRANARY_PEPPER')
  return {
    port: readPort(env['PORT']),
    databaseUrl: env['DATABASE_URL'],
    redis,
    keySalt: required(env, 'GATEWAY_KEY_SALT'),
    adminToken: required(env, 'GATEWAY_ADMIN_TOKEN'),
    identitySecret: required(env, 'GATEWAY_IDENTITY_SECRET'),
    trustedProxies: readProxies(env['GATEWAY_TRUSTED_PROXIES']),
  }
}

function required(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name]
  if (value === undefined || value.length < 16) throw new Error(`${name}: set it to a secret of at least 16 characters`)
  return value
}

function readPort(text = '3000'): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`PORT: '${text}' is not a port; give 0 to 65535`)
  return port
}

function readProxies(text = ''): readonly string[] {
  const proxies = text.split(',').map((part) => part.trim())
  const named = proxies.filter((proxy) => proxy !== '')
  for (const proxy of named) {
    const [address = '', bits = '0'] = proxy.split('/')
    if (isIP(address) === 0 || !/^\d{1,3}$/.test(bits))
      throw new Error(`GATEWAY_TRUSTED_PROXIES: '${proxy}' is not an address or a network such as 10.0.0.0/8`)
  }
  return named
}
