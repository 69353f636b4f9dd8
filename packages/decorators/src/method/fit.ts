/** Any method that can be decorated: it returns a promise. */
// biome-ignore lint/suspicious/noExplicitAny: only as a constraint; `unknown[]` and `never[]` both reject declared parameters
export type AsyncMethod = (...args: any[]) => Promise<any>

/** A method whose answer comes piece by piece, such as `async *words(): AsyncGenerator<string, Usage>`. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export type StreamMethod = (...args: any[]) => AsyncIterable<any>

/** What a method resolves to. */
export type Resolved<F extends AsyncMethod> = Awaited<ReturnType<F>>

/** A type without null and undefined: what `tags` and `ttl` see, because negative entries have options of their own. */
export type Present<T> = T extends null | undefined ? never : T

/** Stands in a compile error where an option function disagrees with the method: the option, and the arguments it gets. */
export interface Mismatch<Option, CalledWith> {
  readonly 'granary: this option does not fit the method': Option
  readonly 'granary: it is called with': CalledWith
}

/** Stands in a compile error for a parameter without a type: a decorator cannot infer it from the method. */
export interface Unannotated<Option> {
  readonly 'granary: annotate the parameters of this option': Option
}

/** `never` when `Fn` can be called with `Args` or is no function, else a type that tells what is wrong. */
export type Misfit<Fn, Args extends readonly unknown[], Option> = [Fn] extends [(...args: never[]) => unknown]
  ? [Fn] extends [(...args: [...Args]) => unknown]
    ? never
    : HasNever<Parameters<Fn>> extends true
      ? Unannotated<Option>
      : Mismatch<Option, Args>
  : never

type HasNever<P extends readonly unknown[]> = P extends readonly [infer First, ...infer Rest]
  ? [First] extends [never]
    ? true
    : HasNever<Rest>
  : false

/** The misfits among the functions in `O`, given the arguments that each is called with; `never` when all fit. */
export type Misfits<O, CalledWith extends { readonly [K in keyof CalledWith]: readonly unknown[] }> = {
  [K in keyof O & keyof CalledWith]: Misfit<O[K], CalledWith[K], K>
}[keyof O & keyof CalledWith]

/** Names the options that do not exist: a generic options object is not checked for misspelt names by the compiler itself. */
export type OnlyKnown<O, Options> = {
  readonly [K in Exclude<keyof O, keyof Options>]: 'granary: there is no option of this name'
}

/**
 * What a decorator demands of the method it stands on, as a function from types to types: `misfits` is computed from
 * `this['method']` and is `never` when the method will do.
 */
export interface MethodCheck<M = AsyncMethod> {
  readonly method: M
  readonly misfits: unknown
}

type Demand<C extends MethodCheck<unknown>, F> = Verdict<(C & { readonly method: F })['misfits']>
type Verdict<M> = [M] extends [never] ? unknown : M

/**
 * A decorator for methods that return a promise, in both standards: called with `(method, context)` by the standard ones
 * and with `(target, name, descriptor)` under `experimentalDecorators`. The method keeps its declared type.
 */
export interface AsyncMethodDecorator<C extends MethodCheck> {
  <This, F extends AsyncMethod>(method: F & Demand<C, F>, context: ClassMethodDecoratorContext<This, F>): F
  <F extends AsyncMethod>(
    target: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<F> & Demand<C, F>,
  ): void
}

/** The same for decorators that stand on methods with a stream for an answer, too. */
export interface AnyMethodDecorator<C extends MethodCheck<unknown>> {
  <This, F extends AsyncMethod | StreamMethod>(
    method: F & Demand<C, F>,
    context: ClassMethodDecoratorContext<This, F>,
  ): F
  <F extends AsyncMethod | StreamMethod>(
    target: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<F> & Demand<C, F>,
  ): void
}
