import { GranaryError } from '@granary/core'

/**
 * Why a stream could not be followed or waited for. `lagged`: this reader is more than the recording's bound behind. The others
 * concern callers who wait for somebody else's stream, who then ask the model themselves: `too-long`: it outgrew the
 * recording. `stalled`: its reader went to sleep. `abandoned`: its reader left. `unfinished`: it ended without a reason.
 */
export type LostThreadReason = 'lagged' | 'too-long' | 'stalled' | 'abandoned' | 'unfinished'

/** A stream that several callers share went on without this one. Ask again: the request itself is not to blame. */
export class LostThread extends GranaryError {
  readonly reason: LostThreadReason

  constructor(reason: LostThreadReason) {
    super('LOST_THREAD', `The stream that this caller shared with others could not be followed (${reason}); ask again.`)
    this.reason = reason
  }
}
