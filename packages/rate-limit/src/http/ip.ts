/** Addresses as subjects. */
import { isIP } from 'node:net'
import { InvalidOption } from '@granary/core'

/**
 * The subject of a client's address. An IPv6 address stands for its /64 network, because that is what one customer is given:
 * limits per address could be escaped by walking through 2^64 of them. IPv4 addresses stand for themselves, also when written
 * as IPv6 (`::ffff:192.0.2.1`).
 *
 * ```ts
 * ipSubject('192.0.2.1')            // '192.0.2.1'
 * ipSubject('2001:db8:7:8:9::1')    // '2001:db8:7:8::/64'
 * ```
 *
 * @throws InvalidOption when it is no IP address. Take it from the connection, or from the header that *your* proxy sets: the
 * first address of X-Forwarded-For is whatever the client wrote there.
 */
export function ipSubject(address: string): string {
  const bare = typeof address === 'string' ? address.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '') : ''
  const version = isIP(bare)
  if (version === 4) return bare
  if (version !== 6) throw new InvalidOption('ipSubject()', address, 'it is an IPv4 or IPv6 address, without a port')
  const groups = groupsOf(bare)
  if (isMapped(groups))
    return `${groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 255])
      .join('.')}`
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const [before = '', after] = embedded(address).split('::')
  const head = read(before)
  if (after === undefined) return head
  const tail = read(after)
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

function read(groups: string): number[] {
  return groups === '' ? [] : groups.split(':').map((group) => Number.parseInt(group, 16))
}

/** Writes an IPv4 address at the end as two groups. */
function embedded(address: string): string {
  const match = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  if (match === null) return address
  const [, start, a, b, c, d] = match
  return `${start}${((Number(a) << 8) | Number(b)).toString(16)}:${((Number(c) << 8) | Number(d)).toString(16)}`
}

/** `::ffff:0:0/96` (RFC 4291, 2.5.5.2). */
function isMapped(groups: readonly number[]): boolean {
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
}
