import { FrameError } from '../errors.ts'

const UNDEFINED = 0x00
const LARGE_INTEGER = 0x42
const TIMESTAMP = 0xff

/** The value of a MessagePack extension whose `length` bytes stand at `start`: undefined, a large integer or a date. @throws FrameError for any other. */
export function extensionValue(source: Buffer, type: number, start: number, length: number): unknown {
  switch (type) {
    case UNDEFINED:
      if (length === 1 && source[start] === 0) return undefined
      break
    case LARGE_INTEGER:
      if (length > 0) return largeInteger(source, start, length)
      break
    case TIMESTAMP:
      return timestamp(source, start, length)
  }
  throw new FrameError('FRAME_CORRUPT', `The payload holds the unknown extension ${type} of ${length} bytes.`)
}

/** A two's complement integer of any length, most significant byte first. */
function largeInteger(source: Buffer, start: number, length: number): bigint {
  const magnitude = BigInt(`0x${source.toString('hex', start, start + length)}`)
  return (source[start] as number) < 0x80 ? magnitude : magnitude - (1n << BigInt(8 * length))
}

/** Seconds and nanoseconds in one of three widths (MessagePack, timestamp extension type); one byte is msgpackr's invalid date. */
function timestamp(source: Buffer, start: number, length: number): Date {
  switch (length) {
    case 1:
      return new Date(Number.NaN)
    case 4:
      return new Date(source.readUInt32BE(start) * 1000)
    case 8: {
      const head = source.readUInt32BE(start)
      return new Date(((head & 3) * 0x1_0000_0000 + source.readUInt32BE(start + 4)) * 1000 + (head >>> 2) / 1_000_000)
    }
    case 12:
      return new Date(Number(source.readBigInt64BE(start + 4)) * 1000 + source.readUInt32BE(start) / 1_000_000)
  }
  throw new FrameError('FRAME_CORRUPT', `The payload holds a date of ${length} bytes.`)
}
