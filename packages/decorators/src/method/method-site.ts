import type { MethodNode } from './method-node.ts'

/** What is known of a method when a decorator is applied to it. */
export interface MethodFacts {
  /** The decorator as it is written, `@Cached`. */
  readonly decorator: string
  /** The name given to the decorator, where it takes one. */
  readonly name?: string | undefined
  readonly methodName: string
  readonly member: MethodNode['member']
  /** The class; a standard decorator does not know it yet, a function never has one. */
  readonly owner?: object | undefined
}

/** `AuthService.userByKey`, as far as it is known. */
export function labelOf({ className, methodName }: Pick<MethodNode, 'className' | 'methodName'>): string {
  const method = methodName === '' ? 'an anonymous function' : methodName
  return className === undefined ? method : `${className}.${method}`
}

/** The place where one decorator stands: what messages call it, and which class it turned out to belong to. */
export class MethodSite {
  readonly facts: MethodFacts
  #owner: object | undefined

  constructor(facts: MethodFacts) {
    this.facts = facts
    this.#owner = facts.owner
  }

  /** The class of the method: undefined for functions, and until a standard decorator's class is known. */
  get owner(): object | undefined {
    return this.#owner
  }

  /** Tells whose method it is. The first answer stands. */
  belongsTo(owner: object): void {
    this.#owner ??= owner
  }

  /** The class it belongs to; undefined while a standard decorator does not know it. */
  get className(): string | undefined {
    return (this.#owner as { readonly name?: string } | undefined)?.name || undefined
  }

  /** `AuthService.userByKey`, as far as it is known. */
  get label(): string {
    return labelOf({ className: this.className, methodName: this.facts.methodName })
  }

  /** The start of a message: `@Cached on AuthService.userByKey (name 'auth:key_user')`. */
  get where(): string {
    const { decorator, name } = this.facts
    return `${decorator} on ${this.label}${name === undefined ? '' : ` (name '${String(name)}')`}`
  }

  /** How errors name an option of this decorator. */
  at(option: string): string {
    return `${this.where}: ${option}`
  }
}

/**
 * The class that a standard decorator's method belongs to, found from the first instance: the class on its chain that holds
 * the decorated function. A decorator above ours may have replaced it; then the lowest class with a member of that name that
 * is not somebody else's, and for private methods the class of the instance.
 */
export function ownerFrom(
  self: unknown,
  methodName: string | symbol,
  isOurs: (member: unknown) => boolean | undefined,
): object | undefined {
  if (typeof self === 'function') return self
  if (typeof self !== 'object' || self === null) return undefined
  let likely: object | undefined
  for (
    let at = Object.getPrototypeOf(self) as object | null;
    at !== null;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    const member = Object.getOwnPropertyDescriptor(at, methodName)
    if (member === undefined) continue
    const ours = isOurs(member.value)
    if (ours) return constructorOf(at)
    if (ours === undefined) likely = constructorOf(at)
  }
  return likely ?? constructorOf(self)
}

function constructorOf(holder: object): object | undefined {
  return typeof holder.constructor === 'function' ? holder.constructor : undefined
}
