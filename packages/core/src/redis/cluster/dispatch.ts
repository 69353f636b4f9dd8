import { type Clock, waitUntil } from '../../clock.ts'
import { RedisUnavailable } from '../../errors.ts'
import type { Connection } from '../connection/connection.ts'
import type { Commander } from '../script/script.ts'
import type { Masters } from './masters.ts'
import type { Place } from './place.ts'
import { redirectionOf } from './redirection.ts'
import type { Shard } from './shard.ts'
import { slotOf } from './slot.ts'

/** How a connection is spoken to. */
export type Ask = (connection: Connection) => Commander

/** A command for the master of a key. */
export interface Errand<T> {
  readonly key: string
  /** Monotonic milliseconds. */
  readonly deadline: number
  /** Only there: what another place granted means nothing here. */
  readonly holder?: Place | undefined
  /** `ask` wraps a connection for a node that serves the key only to those who say that they were sent. */
  readonly send: (place: Place, ask: Ask) => Promise<T>
}

/** As many redirections are followed. */
const HOPS = 3

/** Pause before a slot on its way is asked for again, in milliseconds. */
const AGAIN = 20

/**
 * Sends a command to the master of its key's slot and follows redirections within its deadline. They are followed here and
 * not by the client, because who answered decides whether the answer may be trusted.
 */
export async function dispatch<T>(
  { clock, masters }: { readonly clock: Clock; readonly masters: Masters },
  { key, deadline, holder, send }: Errand<T>,
): Promise<{ readonly reply: T; readonly place: Place }> {
  const slot = slotOf(key)
  let shard: Shard | undefined = masters.ownerOf(slot)
  let ask: Ask = plainly
  // Granted by a node to which the slot was on its way: it is asked as then, and says so when the slot went elsewhere.
  if (holder !== undefined && holder !== shard?.place) return { reply: await send(holder, asking), place: holder }
  for (let hop = 0; ; hop++) {
    const place = shard?.place
    if (place === undefined || (holder !== undefined && holder !== place)) throw new RedisUnavailable('shut')
    try {
      return { reply: await send(place, ask), place }
    } catch (error) {
      const redirection = redirectionOf(error)
      if (redirection === undefined) throw error
      if (redirection.kind === 'down') masters.refreshSoon()
      if (redirection.kind === 'down' || hop >= HOPS) throw error
      if (redirection.kind === 'again') {
        if (clock.now() + AGAIN >= deadline) throw error
        await waitUntil(clock, clock.now() + AGAIN)
      } else {
        if (redirection.to === undefined) throw error
        const to = masters.translate(redirection.to)
        shard = redirection.kind === 'moved' ? masters.learn(slot, to) : masters.guest(to)
        ask = redirection.kind === 'moved' ? plainly : asking
        if (shard.place === undefined) throw error
      }
    }
  }
}

const plainly: Ask = (connection) => connection

/** Every command on this connection is announced: the node serves a key that is arriving only then. */
function asking(connection: Connection): Commander {
  return {
    call(command, args, deadline, how) {
      connection.call('asking', [], deadline, { isAwaited: how?.isAwaited ?? true }).catch(() => {})
      return connection.call(command, args, deadline, how)
    },
  }
}
