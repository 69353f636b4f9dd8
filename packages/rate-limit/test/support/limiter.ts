import type { RedisServer } from '@granary/testing'
import { Redis } from 'ioredis'
import { createRateLimiter, type RateLimiter, type RateLimiterOptions } from '../../src/index.ts'

/** A logger for tests in which Redis is lost on purpose. */
export const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

/** A limiter on a server, whose own connection fails without noise. */
export function limiterOn(server: RedisServer, options: RateLimiterOptions = {}): RateLimiter {
  return createRateLimiter({ redis: server.url, namespace: 'test', logger: SILENT, ...options })
}

/** A client on a server. */
export function clientOf(server: RedisServer): Redis {
  return new Redis(server.port, server.host)
}

/** Resolves when `holds` does; asks every few milliseconds, for ten seconds at most. */
export async function until(holds: () => boolean | Promise<boolean>, patience = 10_000): Promise<void> {
  const end = performance.now() + patience
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Still not so after ${patience} ms: ${holds}`)
    await pause(5)
  }
}

/** Real time, for suites with a real Redis. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
