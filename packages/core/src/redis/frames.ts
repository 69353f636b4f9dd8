import type { AcquireRequest, Address, PendingRead } from '../engine/remote.ts'
import type { ClockReading } from '../invalidation/clock-reading.ts'
import type { ServerTime } from './connection/server-time.ts'
import type { Script } from './script/script.ts'

/** One stretch of trust in one server that holds frames. What it granted is worth nothing on another, nor in another stretch. */
export interface Holder {
  readonly life: Uint8Array
  readonly time: ServerTime
}

/** A lease as it is asked for on the wire. */
export interface LeaseRequest extends AcquireRequest {
  readonly key: string
  readonly token: Uint8Array
  /** Called when it was granted to an asker who had gone: what was sent to give it back may have come before the grant. */
  readonly onLateGrant?: () => void
}

/** The wire's answer to it; `until` is server time. */
export type LeaseAnswer =
  | { readonly status: 'granted' }
  | { readonly status: 'wait'; readonly until: number }
  | { readonly status: 'changed' }
  | { readonly status: 'late' }
  /** Something is stored under the key that is no string: it is not ours, and is left alone. */
  | { readonly status: 'foreign' }

/** What a script is run with on one frame. */
export interface FrameCall {
  /** Its arguments, once it is known who holds the frame; `bytes` is the size of a value that may need a way of its own. */
  readonly plan: (holder: Holder) => {
    readonly args: readonly (string | Uint8Array | number)[]
    readonly bytes?: number
  }
  /** Monotonic milliseconds. */
  readonly deadline: number
  /** Whether a caller waits for it. Default: true. */
  readonly isAwaited?: boolean
  /** Run it only there: what another holder granted means nothing here. */
  readonly holder?: object
}

/** What is done to a frame and has to be told: as a script of its own, and as one that tells other memories as well. */
export interface ToldScript {
  readonly alone: Script
  /** Takes the metadata keys and what has to be told before the keys and arguments of the first. */
  readonly told: Script
}

/** What became of such a script: whether it stored, and the clock after it was told; it tells nothing when it came too late. */
export type Told =
  | { readonly stored: boolean; readonly reading: ClockReading }
  | { readonly stored: false; readonly reading: undefined }

/**
 * The frames of a namespace, wherever they live: on one node, or each on the master of its slot. Every method rejects with
 * `RedisUnavailable`, and only with that, by its deadline. Reads answer by callback: a promise for each of a hundred that
 * share a command would cost more than the command.
 */
export interface Frames {
  /** Reads a frame together with the namespace's clock. */
  read(read: PendingRead): void
  /** The first bytes of a frame, as many as its head has at most; none when there is no frame. */
  head(address: Address, deadline: number): Promise<Uint8Array>
  /** Asks for a lease; answers with the one who decided about it. */
  acquire(request: LeaseRequest, deadline: number): Promise<{ readonly answer: LeaseAnswer; readonly holder: Holder }>
  /** Runs a script on one frame that answers with a number. */
  run(script: Script, address: Address, call: FrameCall): Promise<number>
  /**
   * Runs a script on one frame and tells other memories that the entry has changed: in one round trip where frame and
   * metadata share a node.
   */
  runAndTell(script: ToldScript, address: Address, call: FrameCall): Promise<Told>
  /** The clock of the server that holds a frame. */
  timeOf(key: string): ServerTime
}
