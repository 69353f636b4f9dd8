import { InvalidOption } from './errors.ts'

/**
 * Checks what a call brings, before it does anything: a mistake must not wait for the first miss.
 *
 * @throws InvalidOption naming what cannot be used.
 */
export function checkCall(name: string, args: unknown, loader: unknown): void {
  if (!Array.isArray(args)) throw new InvalidOption(`${name}: args`, args, 'they are a list, such as [42] or []')
  checkFunction(`${name}: loader`, loader)
}

/**
 * Checks that something to call is a function.
 *
 * @throws InvalidOption naming `what` it is.
 */
export function checkFunction(what: string, given: unknown): void {
  if (typeof given !== 'function') throw new InvalidOption(what, given, 'it is a function that returns the value')
}
