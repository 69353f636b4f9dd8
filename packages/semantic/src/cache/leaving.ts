/**
 * The AbortSignal by which a caller says that it leaves, where a function takes one: an argument of its own, or `signal` or
 * `abortSignal` in an object among the arguments, as with `fetch` and clients of models.
 */
export function signalIn(args: readonly unknown[]): AbortSignal | undefined {
  for (const arg of args) {
    const signal = arg instanceof AbortSignal ? arg : signalOf(arg)?.[1]
    if (signal !== undefined) return signal
  }
  return undefined
}

/** The same arguments with another signal in the place of each. */
export function withSignal<Args extends readonly unknown[]>(args: Args, signal: AbortSignal): Args {
  return args.map((arg) => {
    if (arg instanceof AbortSignal) return signal
    const [name] = signalOf(arg) ?? []
    return name === undefined ? arg : { ...(arg as object), [name]: signal }
  }) as unknown as Args
}

const NAMES = ['signal', 'abortSignal'] as const

function signalOf(arg: unknown): readonly [(typeof NAMES)[number], AbortSignal] | undefined {
  if (typeof arg !== 'object' || arg === null || Object.getPrototypeOf(arg) !== Object.prototype) return undefined
  for (const name of NAMES) {
    const value = (arg as Readonly<Record<string, unknown>>)[name]
    if (value instanceof AbortSignal) return [name, value]
  }
  return undefined
}
