import type { NodeAddress } from '../../options/redis-client.ts'

export type { NodeAddress }

/** The name of an address in maps and in events: `host:port`. */
export function nameOf({ host, port }: NodeAddress): string {
  return `${host}:${port}`
}

/** Reads `host:port`, also with an IPv6 host, with or without brackets; undefined when it is not one. */
export function addressOf(text: string): NodeAddress | undefined {
  const at = text.lastIndexOf(':')
  const host = text.slice(0, at).replace(/^\[(.*)\]$/, '$1')
  const port = Number(text.slice(at + 1))
  return at > 0 && host !== '' && host !== '?' && Number.isInteger(port) && port > 0 && port < 65_536
    ? { host, port }
    : undefined
}
