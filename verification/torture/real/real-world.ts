import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RedisServer, startRedis } from '@granary/testing'
import type { Redis } from 'ioredis'
import { bundle } from '../../mutations/build.ts'
import type { Patch } from '../../mutations/patch.ts'
import type { World } from '../campaign/world.ts'
import type { Outcome } from '../history/outcome.ts'
import type { Focus } from '../schedule/generate.ts'
import type { Schedule, Topology } from '../schedule/schedule.ts'
import { RemoteDatabase } from './remote-database.ts'
import { runForReal } from './run.ts'
import { Site } from './site.ts'

/** What a real world is made of. */
export interface RealWorldPlan {
  readonly library: string
  /** Sites: each runs one schedule at a time, with a server and processes of its own. */
  readonly parallel: number
  /** Changes of the engine. */
  readonly patches?: readonly Patch[]
  /** One server; a cluster of three masters with a replica each; or a master and two replicas with three sentinels. Default: one. */
  readonly topology?: Topology
}

/** The most processes that a schedule has. */
const PROCESSES = 3

/** Real processes, real servers, real time. */
export class RealWorldOfSites implements World {
  readonly parallel: number
  readonly focus: Focus
  readonly patience = { attempts: 24, ms: 40_000 }
  readonly tries: number
  readonly #library: string
  readonly #topology: Topology
  readonly #database: RedisServer
  readonly #client: Redis
  readonly #program: string
  readonly #free: Site[]
  readonly #sites: Set<Site>
  readonly #waiting: ((site: Site) => void)[] = []
  #runs = 0

  private constructor(
    plan: { library: string; program: string; database: RedisServer; topology: Topology },
    sites: readonly Site[],
  ) {
    this.#library = plan.library
    this.#topology = plan.topology
    // What other libraries promise is judged by what they can: one way of coherence, one server.
    this.focus = { topology: plan.topology, mode: plan.library === 'granary' ? undefined : 'bus' }
    this.#program = plan.program
    this.#database = plan.database
    this.#client = RemoteDatabase.connect(plan.database.port)
    this.#sites = new Set(sites)
    this.#free = [...sites]
    this.parallel = sites.length
    this.tries = sites.length
  }

  static async start(plan: RealWorldPlan): Promise<RealWorldOfSites> {
    const { library, parallel, patches = [], topology = 'single' } = plan
    const here = dirname(fileURLToPath(import.meta.url))
    const name = patches.length === 0 ? 'worker' : 'worker-patched'
    const program = await bundle(join(here, 'worker.ts'), name, patches)
    const database = await startRedis()
    const sites = await Promise.all(
      Array.from({ length: parallel }, () => Site.start({ processes: PROCESSES, program, topology })),
    )
    return new RealWorldOfSites({ library, program, database, topology }, sites)
  }

  async run(schedule: Schedule): Promise<Outcome> {
    for (let tries = 1; ; tries++) {
      const site = this.#free.pop() ?? (await new Promise<Site>((resolve) => this.#waiting.push(resolve)))
      const run = `${schedule.seed}-${this.#runs++}`
      try {
        const outcome = await runForReal(schedule, {
          site,
          library: this.#library,
          databasePort: this.#database.port,
          database: this.#client,
          run,
        })
        this.#giveBack(site)
        return outcome
      } catch (error) {
        this.#giveBack(await this.#replace(site))
        // The site failed, not what is tortured on it: another one takes the schedule over.
        console.error(`${String(error)} (try ${tries})`)
        if (tries === 3) throw error
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#sites].map((site) => site.stop()))
    this.#client.disconnect()
    await this.#database.stop()
  }

  #giveBack(site: Site): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free.push(site)
    else next(site)
  }

  async #replace(site: Site): Promise<Site> {
    this.#sites.delete(site)
    void site.stop().catch(() => {})
    const other = await Site.start({ processes: PROCESSES, program: this.#program, topology: this.#topology })
    this.#sites.add(other)
    return other
  }
}
