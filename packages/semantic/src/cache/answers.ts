import type { Cache, CachedName, Duration } from '@granary/core'
import type { StoredAnswer } from '../answer/stored-answer.ts'
import type { Trial } from '../judge/verdict.ts'
import type { TurnLink } from '../lookup/turn-links.ts'

/** A semantic hit, as feedback needs it later. */
export interface ServedHit {
  readonly tenant: string
  /** The key of the request that was served. */
  readonly key: string
  readonly scope: string
  /** The entry whose answer it was, and its answer id. */
  readonly entry: string
  readonly answer: string
  readonly turn: string
  readonly trial: Trial
}

/** How long things are kept. */
export interface Lifetimes {
  readonly ttl: Duration
  readonly volatileTtl: Duration
  readonly feedbackTtl: Duration
}

/**
 * What a semantic cache keeps in the cache beneath: answers, and what was found out about them. All of it is fenced, tagged and
 * expired like any other entry, and reaches every process the same way.
 */
export interface Answers {
  /** By tenant and key. The tenant is in the key twice, in the open and in the digest: no index can lead across tenants. */
  readonly entries: CachedName<readonly [tenant: string, key: string], StoredAnswer>
  /** By tenant and turn. */
  readonly links: CachedName<readonly [tenant: string, turn: string], TurnLink>
  /** By tenant, request key and answer id: this answer was called wrong for this request. */
  readonly refusals: CachedName<readonly [tenant: string, key: string, answer: string], true>
  /** By decision id: semantic hits that may still be judged. */
  readonly served: CachedName<readonly [id: string], ServedHit>
  /** By tenant, entry and number: who handed in the first, second, … bad report. */
  readonly reports: CachedName<readonly [tenant: string, entry: string, number: number], string>
}

/** Defines the names under which answers are kept. */
export function defineAnswers(cache: Cache, name: string, { ttl, volatileTtl, feedbackTtl }: Lifetimes): Answers {
  return {
    entries: cache.define<readonly [string, string], StoredAnswer>(name, {
      ttl: ({ volatile }) => (volatile ? volatileTtl : ttl),
      tags: ({ tags }) => tags,
      shouldCache: ({ unkept }) => unkept === undefined,
      copy: 'clone',
    }),
    links: cache.define<readonly [string, string], TurnLink>(`${name}:link`, { ttl, tags: ({ tags }) => tags }),
    refusals: cache.define(`${name}:refused`, { ttl }),
    served: cache.define(`${name}:served`, { ttl: feedbackTtl }),
    reports: cache.define(`${name}:report`, { ttl }),
  }
}
