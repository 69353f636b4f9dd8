import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RedisServer, startRedis } from '@granary/testing'
import { bundle } from '../../mutations/build.ts'
import type { Patch } from '../../mutations/patch.ts'
import type { World } from '../campaign/world.ts'
import type { Outcome } from '../history/outcome.ts'
import type { Schedule } from '../schedule/schedule.ts'
import { runForReal } from './run.ts'
import { Site } from './site.ts'

/** What a real world is made of. */
export interface RealWorldPlan {
  readonly library: string
  /** Sites: each runs one schedule at a time, with a server and processes of its own. */
  readonly parallel: number
  /** Changes of the engine. */
  readonly patches?: readonly Patch[]
}

/** The most processes that a schedule has. */
const PROCESSES = 3

/** Real processes, real servers, real time. */
export class RealWorldOfSites implements World {
  readonly parallel: number
  readonly patience = { attempts: 24, ms: 40_000 }
  readonly tries: number
  readonly #library: string
  readonly #database: RedisServer
  readonly #free: Site[]
  readonly #sites: readonly Site[]
  readonly #waiting: ((site: Site) => void)[] = []
  #runs = 0

  private constructor(library: string, database: RedisServer, sites: readonly Site[]) {
    this.#library = library
    this.#database = database
    this.#sites = sites
    this.#free = [...sites]
    this.parallel = sites.length
    this.tries = sites.length
  }

  static async start({ library, parallel, patches = [] }: RealWorldPlan): Promise<RealWorldOfSites> {
    const here = dirname(fileURLToPath(import.meta.url))
    const name = patches.length === 0 ? 'worker' : 'worker-patched'
    const program = await bundle(join(here, 'worker.ts'), name, patches)
    const database = await startRedis()
    const sites = await Promise.all(
      Array.from({ length: parallel }, () => Site.start({ processes: PROCESSES, program })),
    )
    return new RealWorldOfSites(library, database, sites)
  }

  async run(schedule: Schedule): Promise<Outcome> {
    const site = this.#free.pop() ?? (await new Promise<Site>((resolve) => this.#waiting.push(resolve)))
    try {
      const run = `${schedule.seed}-${this.#runs++}`
      return await runForReal(schedule, { site, library: this.#library, databasePort: this.#database.port, run })
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free.push(site)
      else next(site)
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sites.map((site) => site.stop()))
    await this.#database.stop()
  }
}
