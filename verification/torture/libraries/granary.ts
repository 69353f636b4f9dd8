import { createCache } from '@granary/core'
import { GranarySubject } from '../application/granary.ts'
import { MODES } from '../schedule/modes.ts'
import type { OpenSubject } from './library.ts'

/** Granary itself, with budgets short enough that a schedule of a second meets them. */
export const openGranary: OpenSubject = async ({ namespace, mode, redis, clock }) =>
  new GranarySubject(createCache, {
    namespace,
    clock,
    redis: {
      client: redis,
      callBudget: '100ms',
      leaseTime: '500ms',
    },
    ...MODES[mode].options,
  })
