import { ANSWERS } from './answers.ts'
import { CLOCKS } from './clocks.ts'
import { COHERENCE } from './coherence.ts'
import { FENCES } from './fences.ts'
import { GATES } from './gates.ts'
import { MEMORY } from './memory.ts'
import type { Mutation } from './mutation.ts'

/** All of them. */
export const MUTATIONS: readonly Mutation[] = [...FENCES, ...CLOCKS, ...MEMORY, ...GATES, ...COHERENCE, ...ANSWERS]
