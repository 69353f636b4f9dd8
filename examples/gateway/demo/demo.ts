import { randomBytes } from 'node:crypto'
import { readCatalogSnapshot } from '../src/catalog/snapshot.ts'
import { generateAccounts } from '../src/seed/accounts.ts'
import { seedDatabase } from '../src/seed/seed-database.ts'
import { crossCheck } from './cross-check.ts'
import { Client } from './driver/client.ts'
import { Driver } from './driver/driver.ts'
import { type Environment, Fleet } from './fleet/fleet.ts'
import type { DemoRedis } from './fleet/redis.ts'
import { between, countFleet } from './fleet/stats.ts'
import type { DemoOptions } from './options.ts'
import { chatsBetween } from './oracle/chat-ledger.ts'
import { Judge } from './oracle/judge.ts'
import { World } from './oracle/world.ts'
import { describeOutage, type OutageReport, runOutage } from './outage.ts'
import type { DemoDatabase } from './provide-database.ts'
import type { DemoResult } from './report/conclusion.ts'
import { type PhaseReport, reportPhase } from './report/phase.ts'
import { showProgress } from './report/progress.ts'
import { Traffic } from './traffic/traffic.ts'

/** What the cache promises to processes other than the one that took a change, in milliseconds: its default. */
const MAX_STALENESS = 1_000
/** The seed's database: 50 to 150 ms away. */
const LATENCY = [50, 150] as const
const USERS = 300
/** Before anything is measured, whichever comes first: the tables are about warm processes. Every answer is judged all the same. */
const WARM_UP = { seconds: 5, requests: 5_000 }
/** The shortest phase in which Redis can go, come back and be used again. */
const OUTAGE_SECONDS = 4
/** Milliseconds in which every process has found Redis again after its return, and told it what it missed. */
const RECOVERY = 2_000
/** Width of the phases' names. */
const LABEL = 37
/** Requests under way: few enough that a near database answers at its own pace, enough that a far one is kept busy. */
const WORKERS = { near: 12, far: 32 }

/** What the demo runs on. */
export interface DemoParts {
  readonly options: DemoOptions
  readonly database: DemoDatabase
  readonly redis: DemoRedis
  readonly say: (line: string) => void
  readonly output: NodeJS.WriteStream
}

/**
 * Runs the phases: without and with the cache, on a near database and on one far away. Between the two with the cache,
 * Redis is killed and comes back.
 */
export class Demo {
  readonly #parts: DemoParts
  readonly #world: World
  readonly #judge: Judge
  readonly #traffic: Traffic
  readonly #env: Environment
  readonly #secrets = {
    adminToken: secret(),
    identitySecret: secret(),
  }
  readonly #processes: number
  #maxStaleness = 0
  #lost = 0
  #outage: OutageReport | undefined
  /** What chat answers from the cache have saved in the last fleet. */
  #saved = { cost: 0, tokens: 0 }

  private constructor(parts: DemoParts, world: World, keySalt: string) {
    this.#parts = parts
    this.#world = world
    this.#processes = parts.redis.url === undefined ? 1 : parts.options.processes
    this.#judge = new Judge(world, () => this.#maxStaleness)
    this.#traffic = new Traffic({ world, judge: this.#judge, secrets: this.#secrets, seed: parts.options.seed })
    this.#env = {
      DATABASE_URL: parts.database.url,
      REDIS_URL: parts.redis.url,
      REDIS_HOST: undefined,
      GRANARY_PEPPER: secret(),
      GATEWAY_NAMESPACE: `gateway-demo-${randomBytes(4).toString('hex')}`,
      GATEWAY_KEY_SALT: keySalt,
      GATEWAY_ADMIN_TOKEN: this.#secrets.adminToken,
      GATEWAY_IDENTITY_SECRET: this.#secrets.identitySecret,
      // The driver is the proxy that says which address a request comes from.
      GATEWAY_TRUSTED_PROXIES: '127.0.0.1',
    }
  }

  /** Fills the database and gets ready. */
  static async prepare(parts: DemoParts): Promise<Demo> {
    const { options, database, say } = parts
    const now = new Date()
    const accounts = generateAccounts({ seed: options.seed, users: USERS, now })
    const catalog = readCatalogSnapshot()
    const keySalt = secret()
    await seedDatabase(database.connection, { accounts, catalog, keySalt, now })
    say(
      `  ${accounts.users.length} users, ${accounts.keys.length} keys, ` +
        `${catalog.models.length} models of ${catalog.providers.length} providers`,
    )
    return new Demo(parts, new World(accounts, catalog), keySalt)
  }

  /** Runs everything. */
  async run(): Promise<DemoResult> {
    const { seed } = this.#parts.options
    const { ledger } = this.#world
    const [nearBefore, farBefore] = await this.#runFleet(false)
    // What was counted in memory alone is gone with the first fleet; what was counted in Redis is not.
    if (this.#parts.redis.url === undefined) ledger.conclude()
    const { counts: asked } = this.#world.chats
    const [nearAfter, farAfter] = await this.#runFleet(true)
    ledger.conclude()
    return {
      processes: this.#processes,
      near: { before: nearBefore, after: nearAfter },
      far: { before: farBefore, after: farAfter },
      differences: await crossCheck(this.#parts.database.connection, this.#world, seed),
      chat: { ...chatsBetween(asked, this.#world.chats.counts), ...this.#saved },
      limits: { ...ledger.counts, findings: ledger.findings },
      lost: this.#lost,
      outage: this.#outage,
    }
  }

  async #runFleet(cached: boolean): Promise<[near: PhaseReport, far: PhaseReport]> {
    const fleet = await Fleet.start(this.#processes, { ...this.#env, GRANARY_DISABLED: cached ? undefined : '1' })
    const client = new Client(fleet.origins, WORKERS.far)
    const { seconds } = this.#parts.options
    this.#maxStaleness = cached ? MAX_STALENESS : 0
    try {
      const label = cached ? 'with the cache' : 'without the cache'
      const near = await this.#phase({ fleet, client, cached, far: false, seconds, label: `${label}, near database` })
      if (cached) await this.#runOutage(fleet, client)
      await fleet.order({ latency: LATENCY, clear: true })
      const far = await this.#phase({ fleet, client, cached, far: true, seconds, label: `${label}, far database` })
      this.#saved = (await countFleet(fleet.origins, this.#secrets.adminToken)).saved
      return [near, far]
    } finally {
      this.#lost += fleet.lost
      await client.close()
      await fleet.stop()
    }
  }

  async #runOutage(fleet: Fleet, client: Client): Promise<void> {
    const { outage } = this.#parts.redis
    if (outage === undefined) return
    const seconds = Math.max(OUTAGE_SECONDS, this.#parts.options.seconds / 2)
    const times = { killedAt: 0, backAt: 0 }
    const label = 'with the cache, Redis killed and back'
    const disturb = async () => {
      Object.assign(times, await runOutage(outage, seconds))
      this.#world.ledger.interrupted({
        from: times.killedAt,
        until: times.backAt + RECOVERY,
        processes: this.#processes,
      })
    }
    const phase = await this.#phase({ fleet, client, cached: true, far: false, seconds, label, disturb })
    this.#outage = { ...describeOutage(times, fleet.redisChanges), phase }
  }

  async #phase({ fleet, client, cached, far, seconds, label, disturb }: Phase): Promise<PhaseReport> {
    const driver = new Driver({
      client,
      traffic: this.#traffic,
      delivered: (process) => this.#delivered(fleet, process),
    })
    const workers = far ? WORKERS.far : WORKERS.near
    const warmUp = await driver.run({ ...WARM_UP, seconds: Math.min(WARM_UP.seconds, seconds), workers })
    const progress = showProgress(label.padEnd(LABEL), seconds, this.#parts.output)
    const before = await countFleet(fleet.origins, this.#secrets.adminToken)
    const started = performance.now()
    const disturbance = disturb?.()
    const tally = await driver.run({ seconds, workers, onAnswer: (seen) => progress.update(seen) })
    const elapsed = (performance.now() - started) / 1_000
    await disturbance
    progress.stop(tally)
    const counts = between(before, await countFleet(fleet.origins, this.#secrets.adminToken))
    return reportPhase({ cached, emulatedLatency: far, seconds: elapsed, warmUp, tally, counts })
  }

  async #delivered(fleet: Fleet, process: number): Promise<void> {
    const response = await fetch(`${fleet.origins[process]}/admin/cache/delivered`, {
      headers: { authorization: `Bearer ${this.#secrets.adminToken}` },
    })
    if (!response.ok) throw new Error(`process ${process} answered ${response.status}`)
  }
}

interface Phase {
  readonly fleet: Fleet
  readonly client: Client
  readonly cached: boolean
  readonly far: boolean
  readonly seconds: number
  readonly label: string
  /** Something that happens while the phase runs. */
  readonly disturb?: () => Promise<unknown>
}

function secret(): string {
  return randomBytes(24).toString('base64url')
}
