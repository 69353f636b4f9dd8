import { InvalidOption } from '../../errors.ts'
import type { RedisOptions } from '../../options/redis-client.ts'
import { checkUrl } from './url.ts'

/** What the `REDIS_*` variables say. */
export interface RedisEnvironment {
  readonly url: string | undefined
  readonly options: RedisOptions
  readonly maxConnections: number | undefined
  readonly connectTimeout: number | undefined
  readonly socketTimeout: number | undefined
  readonly retryOnTimeout: boolean
}

/** Variables that say where Redis is: one of them without `redis` in the options deserves a warning. */
export const LOCATION_VARIABLES = ['REDIS_URL', 'REDIS_HOST'] as const

/**
 * Reads `REDIS_URL` (which wins), or `REDIS_HOST`, `REDIS_PORT` (a number, or the `tcp://host:port` that Kubernetes injects),
 * `REDIS_DB`, `REDIS_PASSWORD`; and `REDIS_MAX_CONNECTIONS`, `REDIS_SOCKET_TIMEOUT`, `REDIS_SOCKET_CONNECT_TIMEOUT`
 * (seconds) and `REDIS_RETRY_ON_TIMEOUT`. Other `REDIS_*` variables are ignored.
 *
 * @throws InvalidOption naming the variable whose value cannot be used.
 */
export function readEnvironment(environment: NodeJS.ProcessEnv): RedisEnvironment {
  const read = (name: string) => {
    const value = environment[name]?.trim()
    return value === '' ? undefined : value
  }
  const url = read('REDIS_URL')
  if (url !== undefined) checkUrl(url, 'REDIS_URL')
  const port = readPort(read('REDIS_PORT'))
  const database = whole(read('REDIS_DB'), 'REDIS_DB', 0, 1_000_000)
  const password = read('REDIS_PASSWORD')
  const options = {
    host: read('REDIS_HOST') ?? port?.host ?? 'localhost',
    port: port?.port ?? 6379,
    ...(database === undefined ? {} : { db: database }),
    ...(password === undefined ? {} : { password }),
  }
  return {
    url,
    options: url === undefined ? options : {},
    maxConnections: whole(read('REDIS_MAX_CONNECTIONS'), 'REDIS_MAX_CONNECTIONS', 2, 100_000),
    connectTimeout: seconds(read('REDIS_SOCKET_CONNECT_TIMEOUT'), 'REDIS_SOCKET_CONNECT_TIMEOUT'),
    socketTimeout: seconds(read('REDIS_SOCKET_TIMEOUT'), 'REDIS_SOCKET_TIMEOUT'),
    retryOnTimeout: flag(read('REDIS_RETRY_ON_TIMEOUT'), 'REDIS_RETRY_ON_TIMEOUT'),
  }
}

function readPort(value: string | undefined): { readonly host?: string; readonly port: number } | undefined {
  if (value === undefined) return undefined
  const injected = /^tcp:\/\/([^:/]+):(\d+)$/.exec(value)
  if (injected !== null)
    return { host: injected[1] as string, port: whole(injected[2], 'REDIS_PORT', 1, 65_535) as number }
  return { port: whole(value, 'REDIS_PORT', 1, 65_535) as number }
}

function whole(value: string | undefined, variable: string, low: number, high: number): number | undefined {
  if (value === undefined) return undefined
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
  if (!(number >= low && number <= high))
    throw new InvalidOption(variable, value, `it is a whole number from ${low} to ${high}`)
  return number
}

function seconds(value: string | undefined, variable: string): number | undefined {
  if (value === undefined) return undefined
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN
  if (!(number > 0 && number <= 3_600))
    throw new InvalidOption(variable, value, 'it is a number of seconds above 0 and at most 3600')
  return number * 1_000
}

function flag(value: string | undefined, variable: string): boolean {
  if (value === undefined) return false
  const known: Readonly<Record<string, boolean>> = {
    true: true,
    '1': true,
    yes: true,
    false: false,
    '0': false,
    no: false,
  }
  const answer = known[value.toLowerCase()]
  if (answer === undefined) throw new InvalidOption(variable, value, 'it is true or false')
  return answer
}
