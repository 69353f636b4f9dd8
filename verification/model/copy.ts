import type { Step } from './explore.ts'

/** A deep copy of plain data. */
export function copy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copy) as T
  const made: Record<string, unknown> = {}
  for (const key in value) made[key] = copy(value[key])
  return made as T
}

/** A step that changes a copy of the state. */
export function stepOf<S>(state: S, label: string, run: (next: S) => void): Step<S> {
  return {
    label,
    take: () => {
      const next = copy(state)
      run(next)
      return next
    },
  }
}
