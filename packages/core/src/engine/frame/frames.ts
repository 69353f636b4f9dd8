import { encodeFrame } from '@granary/serialization'
import type { FreshEntry } from '../../entry/entry.ts'
import { incarnationMark } from '../../invalidation/incarnation.ts'
import type { Engine } from '../engine.ts'
import type { Operation } from '../operation.ts'
import type { Lease, StoredFrame } from '../remote.ts'
import { stampChecksum } from './checksum.ts'

/** What a frame records of the moment before its load began. */
export interface Origin {
  readonly incarnation: number
  readonly reading: number
}

/** Redis may forget a frame a little after its end, never before: readers obey the end that stands in the frame. */
const SLACK = 1_000

/** The frame of an entry that a lease allows to be stored. */
export function frameOf(
  op: Operation,
  entry: FreshEntry,
  lease: Pick<Lease, 'token' | 'life'>,
  origin: Origin,
): StoredFrame {
  const { remote, payloads } = op.engine as Engine & { remote: NonNullable<Engine['remote']> }
  const seal = mustSeal(op)
  const bytes = encodeFrame(
    {
      negative: entry.negative,
      version: lease.token,
      life: lease.life,
      inc: incarnationMark(origin.incarnation),
      reading: origin.reading,
      created: remote.toServer(entry.created),
      freshUntil: remote.toServer(entry.freshUntil),
      hardExpiry: remote.toServer(entry.keepUntil),
      loadTime: entry.loadTime,
      tags: entry.tags,
    },
    (associated) =>
      payloads.pack(entry.value, seal ? sealContext(op.key, associated) : associated, {
        seal,
        ...(entry.special === undefined ? {} : { special: entry.special }),
      }),
  )
  stampChecksum(bytes, op.key)
  return { bytes, px: Math.max(1, Math.ceil(entry.keepUntil - op.engine.clock.now()) + SLACK) }
}

/** Whether payloads of a name are sealed; one that is not is then no entry of it, whoever put it there. */
export function mustSeal({ policy, engine }: Operation): boolean {
  return policy.encrypt ?? engine.settings.sealByDefault
}

/** What a sealed payload is bound to: its key and the immutable half of its header. */
export function sealContext(key: string, associated: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(key), associated])
}
