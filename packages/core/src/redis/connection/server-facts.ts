import { RedisUnavailable } from '../../errors.ts'

/** What a server says of itself. */
export interface ServerFacts {
  readonly runId: string
  readonly version: string
  readonly isClusterNode: boolean
}

/** Reads `INFO server`. Throws `RedisUnavailable` when it names no run. */
export function readServer(info: unknown): ServerFacts {
  const text = String(info)
  const runId = /^run_id:(\S+)/m.exec(text)?.[1]
  if (runId === undefined) throw new RedisUnavailable('protocol', new Error('INFO server names no run_id'))
  return {
    runId,
    version: /^redis_version:(\S+)/m.exec(text)?.[1] ?? '0',
    isClusterNode: /^redis_mode:cluster/m.test(text),
  }
}
