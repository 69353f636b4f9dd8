import type { RedisUnavailable } from '../errors.ts'
import type { ClockReading, MarkedReading } from '../invalidation/clock-reading.ts'
import type { Link } from '../invalidation/link.ts'

/** An entry's address in Redis: the whole key, and the two parts that let any process find it in its memory. */
export interface Address {
  readonly key: string
  /** `name:version`. */
  readonly label: string
  readonly text: string
}

/** What an invalidation names, as it travels. */
export interface Targets {
  readonly keys: readonly Address[]
  /** Members of the tag table: tag digests, `n:<name>` for a name, `*` for the namespace. */
  readonly members: readonly string[]
}

/** Keys whose entries may still be in Redis, and why. They are not read there until they were sent again. */
export interface Undelivered {
  readonly keys: readonly Address[]
  readonly cause: RedisUnavailable
}

/** What a read brought back. */
export interface RemoteReply {
  /** The stored bytes; undefined when there are none. Of a value larger than any of ours, only its first 48. */
  readonly bytes: Uint8Array | undefined
  /** How many bytes are stored. */
  readonly size: number
  readonly exchange: ReadExchange
}

/** What all reads have in common that shared a command. */
export interface ReadExchange {
  /** Undefined when the namespace's metadata is gone. */
  readonly clock: MarkedReading | undefined
  /** The life of the server that answered. */
  readonly life: Uint8Array
  /** When the read was sent and when it was answered, in monotonic milliseconds. */
  readonly sentAt: number
  readonly receivedAt: number
}

/** A read as it is asked for, and who waits for it: exactly one of both is called, once; neither may throw. */
export interface PendingRead {
  /** Which entry. */
  readonly request: Address
  /** Monotonic milliseconds. */
  readonly deadline: number
  /** Set by whoever calls one of both. */
  isAnswered: boolean
  resolve(reply: RemoteReply): void
  reject(error: unknown): void
}

/** Permission to load one key and to store what was loaded, as long as nothing invalidates the key meanwhile. */
export interface Lease {
  readonly token: Uint8Array
  readonly life: Uint8Array
  /** Identifies the connection that granted it: a lease is never used on another server life. */
  readonly session: object
}

/** How a lease is asked for. */
export interface AcquireRequest {
  /** The version of the frame that the caller judged, or the first 48 bytes of one that it could not read. */
  readonly seen: Uint8Array
  /**
   * `keep`: what was judged may be served meanwhile. `drop`: it is invalid and must not survive. `broken`: it could not be
   * read, nor survive. `force`: take the lease from whoever holds it.
   */
  readonly mode: 'keep' | 'drop' | 'broken' | 'force'
}

/** The answer to an acquire. */
export type Acquisition =
  | { readonly status: 'granted'; readonly lease: Lease }
  | { readonly status: 'wait'; readonly until: number }
  /** Something else than what was judged is there: read again. */
  | { readonly status: 'changed' }
  | { readonly status: 'late' }

/** L2 as the engine sees it. Every method rejects with `RedisUnavailable`, and only with that, by its deadline. */
export interface RemoteTier {
  readonly link: Link
  /** Whether Redis may be asked now. */
  readonly isOpen: boolean
  /** Waits for the very first connection, at most so many milliseconds; resolves to {@link RemoteTier.isOpen}. */
  untilFirstOpen(patience: number): Promise<boolean>
  /** A deadline one call budget from an instant, by default from now, in monotonic milliseconds. */
  deadline(from?: number): number
  read(read: PendingRead): void
  /** What stands at the beginning of a frame; undefined when there is none. */
  head(address: Address, deadline: number): Promise<FrameHead | undefined>
  acquire(address: Address, request: AcquireRequest, deadline: number): Promise<Acquisition>
  commit(address: Address, lease: Lease, frame: StoredFrame): Promise<'stored' | 'rejected'>
  /** Commits a write-through: stores, or deletes when the lease was lost; other memories are told either way. */
  commitPut(
    address: Address,
    lease: Lease,
    frame: StoredFrame,
  ): Promise<{ readonly verdict: 'stored' | 'rejected'; readonly reading: ClockReading }>
  /** Gives a lease back; `failed` tells waiters to load without waiting again. Never rejects. */
  release(address: Address, lease: Lease, failed: boolean): void
  /** Prolongs a lease; false when it is lost. */
  renew(address: Address, lease: Lease): Promise<boolean>
  /** Stores what the caller asserts to be current, and tells other memories. Never executed after the deadline. */
  write(address: Address, frame: (life: Uint8Array) => StoredFrame, deadline: number): Promise<ClockReading>
  /** The records of tag members, or undefined when the metadata was lost. */
  records(members: readonly string[], deadline: number): Promise<readonly number[] | undefined>
  /** Invalidates keys and members everywhere; resolves to the clock after it, and to what a part of Redis alone did not take. */
  invalidate(targets: Targets): Promise<{ readonly reading: ClockReading; readonly left: Undelivered | undefined }>
  /** Something happened that only a new session with a replay can make good. */
  distrust(cause: unknown): void
  /** Server time for a local instant, and back; milliseconds. */
  toServer(local: number): number
  toLocal(server: number): number
  /** The local instant at which the lease in a frame ends. */
  leaseEnd(address: Address, deadline: number): number
  close(): Promise<void>
}

/** What the first bytes of a frame tell. */
export interface FrameHead {
  /** The token in its lease, one character a byte. */
  readonly token: string
  readonly isLeased: boolean
  /** The version of its value, one character a byte. */
  readonly version: string
}

/** A frame ready to store. */
export interface StoredFrame {
  readonly bytes: Uint8Array
  /** Milliseconds until Redis may forget it. */
  readonly px: number
}
