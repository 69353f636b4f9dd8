import { AsyncLocalStorage } from 'node:async_hooks'
import type { Engine } from '../engine/engine.ts'
import { InvalidOption } from '../errors.ts'
import { type Bookmark, formatBookmark, later, parseBookmark, SOMEWHERE } from './bookmark.ts'
import type { ClockReading } from './clock-reading.ts'

/** What a following asks of its cache. */
export type Followed = Pick<Engine, 'owner' | 'clock' | 'link' | 'queue'>

/**
 * The reads and writes of one caller who must see at least what a bookmark marks, and what it wrote itself.
 *
 * Memory is served to it only when this process has reached the bookmark: by its number, or because a reading of the clock
 * that was sent later is proven. Otherwise the read goes to Redis, which is exact, and joins no flight that began before it.
 */
export class Following {
  readonly owner: object
  /** That of another cache around it. */
  readonly outer: Following | undefined
  #bookmark: Bookmark | undefined
  /** When the bookmark was last moved from outside or by a write, in monotonic milliseconds: all it marks was delivered before. */
  #markedAt = Number.NEGATIVE_INFINITY
  /** How many deliveries the queue had made when this caller's invalidation joined it. */
  #queuedSince: number | undefined

  constructor(owner: object, outer: Following | undefined) {
    this.owner = owner
    this.outer = outer
  }

  /** Whether this process has not reached the bookmark, or cannot tell. */
  isBehind(engine: Followed): boolean {
    this.#settle(engine)
    if (this.#queuedSince !== undefined) return true
    const bookmark = this.#bookmark
    if (bookmark === undefined) return false
    if (bookmark.queued) return true
    const { link } = engine
    if (link.provenAt > this.#markedAt) return false
    return bookmark.incarnation !== link.incarnation || bookmark.incarnation === 0 || link.sequence < bookmark.sequence
  }

  /** It must see this too. */
  add(bookmark: Bookmark, now: number): void {
    this.#bookmark = later(this.#bookmark, bookmark)
    this.#markedAt = now
  }

  /** It invalidated, and Redis said so: of another incarnation than the bookmark's, that one is the newer. */
  wrote({ incarnation, sequence }: ClockReading, now: number): void {
    const queued = this.#bookmark?.queued ?? false
    const written = { incarnation, sequence, queued }
    this.#bookmark = this.#bookmark?.incarnation === incarnation ? later(this.#bookmark, written) : written
    this.#markedAt = now
  }

  /** It invalidated, and Redis did not take it yet. */
  queued({ queue }: Followed): void {
    this.#queuedSince = queue.deliveries
  }

  /** Where it stands now: its bookmark, and whatever this process has seen, which covers what it may have read. */
  position(engine: Followed): Bookmark | undefined {
    this.#settle(engine)
    const bookmark = this.#bookmark
    const here = positionOf(engine)
    const queued = this.#queuedSince !== undefined || (bookmark?.queued ?? false)
    const isReached = engine.link.provenAt > this.#markedAt
    const known = here === undefined ? bookmark : isReached ? here : later(bookmark, here)
    if (known === undefined) return queued ? { ...SOMEWHERE, queued } : undefined
    return { ...known, queued }
  }

  /** The queue may have been delivered since. */
  #settle({ queue, clock }: Followed): void {
    if (this.#queuedSince === undefined || queue.deliveries <= this.#queuedSince) return
    this.#queuedSince = undefined
    if (queue.delivered !== undefined) this.wrote(queue.delivered, clock.now())
  }
}

const followings = new AsyncLocalStorage<Following>()
let everFollowed = false

/** What the calling code follows in a cache. Costs nothing before the first {@link follow} of the process. */
export function followingOf(owner: object): Following | undefined {
  if (!everFollowed) return undefined
  let following = followings.getStore()
  while (following !== undefined && following.owner !== owner) following = following.outer
  return following
}

/** Whether the calling code may not be served from memory, because this process has not reached what it follows. */
export function isBehind(engine: Followed): boolean {
  return everFollowed && (followingOf(engine.owner)?.isBehind(engine) ?? false)
}

/**
 * Runs `run` as a caller who has seen what `text` marks; inside another such call of the same cache, as that one.
 *
 * @throws InvalidOption when the bookmark is no string.
 */
export function follow<T>(engine: Followed, text: string | undefined, run: () => T): T {
  if (text !== undefined && typeof text !== 'string')
    throw new InvalidOption('bookmark', text, 'it is a string that bookmark() or a receipt gave, or undefined')
  everFollowed = true
  const around = followingOf(engine.owner)
  const following = around ?? new Following(engine.owner, followings.getStore())
  if (text !== undefined && text !== '') following.add(parseBookmark(text), engine.clock.now())
  return around === undefined ? followings.run(following, run) : run()
}

/** The bookmark of the calling code, or of this process when it follows nothing; undefined before Redis was ever reached. */
export function bookmarkOf(engine: Followed): string | undefined {
  const following = followingOf(engine.owner)
  const position = following === undefined ? positionOf(engine) : following.position(engine)
  return position && formatBookmark(position)
}

/** The furthest this process has seen: by the bus, or by what Redis answered. */
function positionOf({ link }: Followed): Bookmark | undefined {
  if (link.incarnation === 0) return undefined
  return { incarnation: link.incarnation, sequence: link.seen, queued: false }
}
