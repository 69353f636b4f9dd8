import type { Targets } from '../engine/remote.ts'
import type { ClockReading } from '../invalidation/clock-reading.ts'
import type { Session } from './session.ts'
import type { SupervisorOptions } from './supervision.ts'

/** Invalidations replayed in one script. */
const PART = 1_000

/** A part of what was queued, what is left of it, and the clock after it was sent. */
interface Replayed {
  readonly taken: Targets
  readonly left: Targets
  readonly reading: ClockReading
}

/**
 * Sends what is queued until nothing waits that a read could pass by, and calls `open` in that very step, before anything else can be
 * queued and before those go on who wait for the queue. It is told how much has arrived, and the clock after the last part.
 *
 * What is left of a part has a master of its own that is away. It is not read until it has arrived as well, so it waits again,
 * and nothing waits for it: one dead master would keep all the others from being used.
 */
export async function replayQueue(
  session: Session,
  options: Pick<SupervisorOptions, 'queue' | 'clock' | 'deliver' | 'holdsKeys' | 'session'>,
  open: (arrived: number, reading: ClockReading | undefined) => void,
): Promise<void> {
  const { queue, holdsKeys } = options
  const mayPassBy = () => (holdsKeys ? queue.members : queue.size) > 0
  const sent: Replayed[] = []
  let arrived = 0
  try {
    for (let part = Math.ceil(queue.size / PART); (part > 0 && queue.size > 0) || mayPassBy(); part--)
      sent.push(await replayPart(session, queue.take(PART), options))
  } finally {
    for (const { taken, left } of sent) {
      queue.putBack(taken, left)
      arrived += taken.keys.length + taken.members.length - left.keys.length
    }
  }
  open(arrived, sent.at(-1)?.reading)
}

async function replayPart(
  session: Session,
  taken: Targets,
  { queue, clock, deliver, session: { patience } }: Pick<SupervisorOptions, 'queue' | 'clock' | 'deliver' | 'session'>,
): Promise<Replayed> {
  try {
    const { left, reading } = await deliver(session, taken, clock.now() + patience)
    return { taken, left: { keys: left, members: [] }, reading }
  } catch (error) {
    queue.putBack(taken)
    throw error
  }
}
