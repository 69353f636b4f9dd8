/** Whether all bytes from `start` to `end` are ASCII. Four at a time and without leaving early: most are, and strings are short. */
export function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let seen = 0
  let at = start
  for (; at + 4 <= end; at += 4) {
    seen |= (bytes[at] as number) | (bytes[at + 1] as number) | (bytes[at + 2] as number) | (bytes[at + 3] as number)
  }
  for (; at < end; at++) seen |= bytes[at] as number
  return seen < 0x80
}
