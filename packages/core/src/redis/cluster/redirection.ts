import { RedisUnavailable } from '../../errors.ts'
import { addressOf, type NodeAddress } from './node-address.ts'

/** What a node answers that does not serve a slot, or not now. */
export type Redirection =
  /** The slot belongs to another node, from now on. */
  | { readonly kind: 'moved'; readonly slot: number; readonly to: NodeAddress | undefined }
  /** The slot is on its way there, and this key has arrived: ask once, and say so. */
  | { readonly kind: 'ask'; readonly slot: number; readonly to: NodeAddress | undefined }
  /** The slot is on its way, and some of the keys have arrived. */
  | { readonly kind: 'again' }
  /** Nobody serves the slot. */
  | { readonly kind: 'down' }

/**
 * Reads a redirection out of a failed command; undefined when it failed for another reason. `to` is undefined when the node
 * does not know the other's address.
 *
 * Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#redirection-and-resharding
 */
export function redirectionOf(error: unknown): Redirection | undefined {
  if (!(error instanceof RedisUnavailable) || error.reason !== 'moved') return undefined
  const message = error.cause instanceof Error ? error.cause.message : ''
  const told = /^(MOVED|ASK) (\d+) (\S*)/.exec(message)
  if (told !== null)
    return {
      kind: told[1] === 'MOVED' ? 'moved' : 'ask',
      slot: Number(told[2]),
      to: addressOf(told[3] as string),
    }
  return message.startsWith('TRYAGAIN') ? { kind: 'again' } : { kind: 'down' }
}
