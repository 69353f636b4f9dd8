import { types } from 'node:util'

/** The first-class errors of the language, whose instances come back by themselves, in the order of their codes in stored payloads: append only. */
export const FAULT_NAMES = [
  'Error',
  'AggregateError',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
] as const

/** The name of a built-in error class. */
export type FaultName = (typeof FAULT_NAMES)[number]

const PROTOTYPES: Readonly<Record<FaultName, Error>> = {
  Error: Error.prototype,
  AggregateError: AggregateError.prototype,
  EvalError: EvalError.prototype,
  RangeError: RangeError.prototype,
  ReferenceError: ReferenceError.prototype,
  SyntaxError: SyntaxError.prototype,
  TypeError: TypeError.prototype,
  URIError: URIError.prototype,
}

const BY_PROTOTYPE = new Map<unknown, FaultName>(FAULT_NAMES.map((name) => [PROTOTYPES[name], name]))

/** Which built-in error class a value is an instance of; `undefined` for subclasses, for what only has its prototype, and for anything else. */
export function faultName(value: object): FaultName | undefined {
  const name = BY_PROTOTYPE.get(Object.getPrototypeOf(value))
  return name !== undefined && types.isNativeError(value) ? name : undefined
}

/** Whether a prototype is that of a built-in error class. */
export function isFault(prototype: unknown): boolean {
  return BY_PROTOTYPE.has(prototype)
}

/** An error of the named class without any property of its own: `setOwn` gives it message, stack and the rest. */
export function bareFault(name: FaultName): Error {
  // Made by a constructor, so that it is a real error (Error.isError, util.types.isNativeError), not only an heir of the prototype.
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  const error = new Error()
  Error.stackTraceLimit = limit
  Reflect.deleteProperty(error, 'stack')
  return Object.setPrototypeOf(error, PROTOTYPES[name]) as Error
}

/** Defines an own data property as errors carry them: `message`, `stack`, `cause` and `errors` are not enumerable. */
export function setOwn(target: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true })
}
