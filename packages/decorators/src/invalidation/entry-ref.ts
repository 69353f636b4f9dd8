import type { AsyncMethod, Resolved } from '../method/fit.ts'
import type { EntrySource } from '../method/method-node.ts'

/** Which arguments a reference's function is called with: the method's, or its result followed by them. */
export type MappedFrom = 'arguments' | 'result'

/** A cached method that a reference points at, found at the first call. */
export interface FoundTarget {
  readonly entries: EntrySource
  /** The class that was named, whose `@CacheScope` counts; undefined for functions and names. */
  readonly owner: object | undefined
}

/**
 * Entries of a cached method, as seen from another method: made by `entryOf(…)(map)` and `.fromResult(map)`.
 *
 * `Mapping` is the function that gives the entry's arguments, `From` says what it is called with, `Value` what the entries hold.
 */
export interface EntryRef<Mapping, From extends MappedFrom, Value> {
  /** What messages and the cache graph call it. */
  readonly label: string
  readonly from: From
  readonly map: Mapping
  /** @throws NotCached when it points at nothing that is cached. */
  readonly find: () => FoundTarget
  /** Only a type. */
  readonly holds?: () => Value
}

/** Any reference. */
export type AnyEntryRef = EntryRef<(...args: never[]) => readonly unknown[], MappedFrom, unknown>

/** Says how the arguments of a cached method follow from those of another method. */
export interface EntryTarget<Args extends readonly unknown[], Value> {
  /** From the other method's arguments. */
  <A extends unknown[]>(
    map: (...args: A) => Readonly<Args>,
  ): EntryRef<(...args: A) => Readonly<Args>, 'arguments', Value>
  /** From the other method's result, followed by its arguments. */
  fromResult<A extends unknown[]>(
    map: (...args: A) => Readonly<Args>,
  ): EntryRef<(...args: A) => Readonly<Args>, 'result', Value>
}

/** The target that a method or function is; only those that return a promise can be cached. */
export type EntryTargetOf<F> = F extends AsyncMethod ? EntryTarget<Parameters<F>, Resolved<F>> : never

/** The names of the methods that can be cached. Private and protected ones are not among them: refer to those with `nameOf`. */
export type MethodsOf<T> = { [N in keyof T]: T[N] extends AsyncMethod ? N : never }[keyof T]
