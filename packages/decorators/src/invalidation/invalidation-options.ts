import type { Cache } from '@granary/core'
import type { AsyncMethod, MethodCheck, Misfit, Mismatch, Resolved } from '../method/fit.ts'
import type { AnyEntryRef, EntryRef, MappedFrom } from './entry-ref.ts'

/**
 * What `@Invalidates` takes; at least one of `tags`, `resultTags`, `entries` and `names`.
 *
 * The functions are called with the instance as `this` and the method's arguments by position, `resultTags` with the result
 * before them. Their parameters must be annotated.
 */
export interface InvalidatesOptions {
  /** Tags known from the arguments. */
  readonly tags?: readonly string[] | ((...args: never[]) => readonly string[])
  /** Tags known from the result. */
  readonly resultTags?: (result: never, ...args: never[]) => readonly string[]
  /** Single entries: `entryOf(…)(map)`. */
  readonly entries?: readonly AnyEntryRef[]
  /** Names of which every entry goes. */
  readonly names?: readonly string[]
  /** Invalidate before the method runs instead of after it has resolved. Default: false. */
  readonly before?: boolean
  /** Reject when Redis does not take the invalidation; it holds in this process and stays queued all the same. Default: false. */
  readonly required?: boolean
  /** The cache of `tags` and `names`. Default: as for `@Cached`. Entries are found in their own method's cache. */
  readonly cache?: Cache
}

/** Checks the functions in `O` against the method they stand on. */
export interface InvalidatesCheck<O extends InvalidatesOptions> extends MethodCheck {
  readonly misfits:
    | Misfit<O['tags'], Parameters<this['method']>, 'tags'>
    | Misfit<O['resultTags'], AfterResult<this['method']>, 'resultTags'>
    | (O['entries'] extends readonly (infer E)[] ? EntryMisfit<this['method'], E, 'entries'> : never)
    | (O extends { readonly before: true; readonly resultTags: unknown }
        ? Mismatch<'resultTags', 'before the method runs there is no result'>
        : never)
}

type AfterResult<F extends AsyncMethod> = [result: Resolved<F>, ...args: Parameters<F>]

/** `never` when the function of a reference can be called with what the method has. */
export type EntryMisfit<F extends AsyncMethod, E, Option> =
  E extends EntryRef<infer Mapping, infer From extends MappedFrom, unknown>
    ? Misfit<Mapping, From extends 'result' ? AfterResult<F> : Parameters<F>, Option>
    : never
