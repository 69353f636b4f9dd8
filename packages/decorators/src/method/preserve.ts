import type { AsyncMethod } from './fit.ts'

/** What `reflect-metadata` adds to `Reflect`, when the program has loaded it. */
interface MetadataReflection {
  getOwnMetadataKeys?(target: object): unknown[]
  getOwnMetadata?(key: unknown, target: object): unknown
  defineMetadata?(key: unknown, value: unknown, target: object): void
}

/**
 * Makes `wrapper` look like `method`: its name, its length, its own properties, and what other decorators stored on it with
 * `reflect-metadata`.
 */
export function preserve(wrapper: AsyncMethod, method: AsyncMethod): void {
  for (const key of Reflect.ownKeys(method)) {
    const now = Object.getOwnPropertyDescriptor(wrapper, key)
    const then = Object.getOwnPropertyDescriptor(method, key)
    if (then !== undefined && (now === undefined || now.configurable)) Object.defineProperty(wrapper, key, then)
  }
  const reflection = Reflect as MetadataReflection
  for (const key of reflection.getOwnMetadataKeys?.(method) ?? []) {
    reflection.defineMetadata?.(key, reflection.getOwnMetadata?.(key, method), wrapper)
  }
}
