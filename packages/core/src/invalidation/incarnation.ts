/** An incarnation as the eight bytes that stand for it in frames. */
export function incarnationMark(incarnation: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(incarnation)
  return bytes
}
