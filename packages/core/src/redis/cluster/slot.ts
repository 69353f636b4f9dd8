/** How many slots a cluster has. */
export const SLOTS = 16_384

/** CRC-16/XMODEM of every byte. */
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 8
  for (let bit = 0; bit < 8; bit++) sum = (sum & 0x8000) === 0 ? sum << 1 : (sum << 1) ^ 0x1021
  return sum & 0xffff
})

/**
 * The slot of a key: CRC-16 modulo 16384, of the part in the first braces when there is one that is not empty. Keys are text
 * of ours; one with characters beyond ASCII is hashed as its UTF-8 bytes, as it goes over the wire.
 *
 * Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
 */
export function slotOf(key: string): number {
  const open = key.indexOf('{')
  const close = open === -1 ? -1 : key.indexOf('}', open + 1)
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key
  let sum = 0
  for (let at = 0; at < hashed.length; at++) {
    const code = hashed.charCodeAt(at)
    if (code > 127) return sumOf(Buffer.from(hashed)) % SLOTS
    sum = step(sum, code)
  }
  return sum % SLOTS
}

function sumOf(bytes: Uint8Array): number {
  let sum = 0
  for (const byte of bytes) sum = step(sum, byte)
  return sum
}

function step(sum: number, byte: number): number {
  return ((sum << 8) & 0xffff) ^ (TABLE[((sum >> 8) ^ byte) & 0xff] as number)
}
