import type { CreateCache } from '../application/granary.ts'
import type { World } from '../campaign/world.ts'
import { runSchedule } from './run.ts'

/** A world in which everything but the engine is simulated: the same schedule always gives the same run. */
export function simulatedWorld(create: CreateCache): World {
  return {
    parallel: 1,
    focus: {},
    patience: { attempts: 400, ms: 120_000 },
    tries: 1,
    run: (schedule) => runSchedule(schedule, create),
    stop: async () => {},
  }
}
