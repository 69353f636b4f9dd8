import type { RedisServer } from './redis-server.ts'

/** The lines of an INFO or CLUSTER INFO reply by name. */
export async function factsOf(
  server: RedisServer,
  ...command: readonly string[]
): Promise<ReadonlyMap<string, string>> {
  const text = String(await server.command(...command))
  const pairs = text.split('\r\n').flatMap((line): [string, string][] => {
    const colon = line.indexOf(':')
    return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)]]
  })
  return new Map(pairs)
}

/** Those servers among the ones that answer now which have the given role by their own account. */
export async function withRole(servers: readonly RedisServer[], role: 'master' | 'slave'): Promise<RedisServer[]> {
  const responsive = servers.filter((server) => server.responsive)
  const roles = await Promise.all(responsive.map(async (server) => ((await server.command('ROLE')) as [string])[0]))
  return responsive.filter((_, index) => roles[index] === role)
}

/** Whether a replica holds a copy of its master and follows it. */
export async function followsItsMaster(replica: RedisServer): Promise<boolean> {
  return (await factsOf(replica, 'INFO', 'replication')).get('master_link_status') === 'up'
}

/** Starts several servers at once; when one fails, those that did start are stopped. */
export async function startAll(starts: readonly (() => Promise<RedisServer>)[]): Promise<RedisServer[]> {
  const results = await Promise.allSettled(starts.map((start) => start()))
  const servers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed === undefined) return servers
  await stopAll(servers)
  throw failed.reason
}

/** Stops several servers at once. */
export async function stopAll(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()))
}
