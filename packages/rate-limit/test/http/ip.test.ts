import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ipSubject } from '../../src/index.ts'

describe('the subject of an address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:7:8:9:a:b:c', '2001:db8:7:8::/64'],
    ['2001:DB8:7:8::1', '2001:db8:7:8::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['[2001:db8:7:8::1]', '2001:db8:7:8::/64'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ])('%s is %s', (address, subject) => {
    expect(ipSubject(address)).toBe(subject)
  })

  test('is the same for every address of a network, and another one for every other network', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n << 112n, max: (1n << 128n) - 1n }),
        fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
        (address, host) => {
          const neighbour = ((address >> 64n) << 64n) | host
          expect(ipSubject(written(neighbour))).toBe(ipSubject(written(address)))
          expect(ipSubject(written(address ^ (1n << 64n)))).not.toBe(ipSubject(written(address)))
        },
      ),
    )
  })

  test.each(['', 'localhost', '192.0.2.1:443', '1.2.3.400', '12345::', undefined as never])('%s is none', (address) => {
    expect(() => ipSubject(address)).toThrow(/IPv4 or IPv6 address/)
  })
})

function written(address: bigint): string {
  const hex = address.toString(16).padStart(32, '0')
  return (hex.match(/.{4}/g) as string[]).join(':')
}
