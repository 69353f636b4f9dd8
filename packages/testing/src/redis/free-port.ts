import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below Linux' range for outgoing connections (32768 and up), so that no connection can take the port of a server that is
 * down for a moment; and low enough for a cluster bus at `port + 10000`.
 */
const LOWEST = 15_000
const HIGHEST = 32_000
const ATTEMPTS = 200

/** A random loopback port from 15000 and below `highest` that nothing listens on right now. */
export async function freePort(highest = HIGHEST): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(LOWEST, highest)
    if (await isFree(port)) return port
  }
  throw new Error(`No free port between ${LOWEST} and ${highest} after ${ATTEMPTS} attempts.`)
}

/** Whether a server could listen on this loopback port right now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)))
  })
}
