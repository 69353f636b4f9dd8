import type { System } from './explore.ts'

/** A part of the protocol that is explored by itself. */
export interface Aspect {
  readonly name: string
  /** What is explored, each exhaustively. */
  readonly bounds: Readonly<Record<string, System<unknown>>>
  /** The same with a bug planted, by the bug: each must be found. */
  readonly planted: Readonly<Record<string, System<unknown>>>
}
