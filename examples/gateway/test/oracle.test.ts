import { createCache } from '@granary/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { crossCheck } from '../demo/cross-check.ts'
import { Client, type Response } from '../demo/driver/client.ts'
import { Docket } from '../demo/driver/docket.ts'
import { Driver } from '../demo/driver/driver.ts'
import { type CatalogTruth, expectedBody, offered, withPrice } from '../demo/oracle/catalog-truth.ts'
import { Judge } from '../demo/oracle/judge.ts'
import { type Change, intersect, type Read, Timeline } from '../demo/oracle/timeline.ts'
import { atOneMoment, verdictOn } from '../demo/oracle/verdict.ts'
import { World } from '../demo/oracle/world.ts'
import type { Call } from '../demo/traffic/operation.ts'
import { meaningOf } from '../demo/traffic/questions.ts'
import { Traffic } from '../demo/traffic/traffic.ts'
import { FakeProvider } from '../src/chat/fake-provider.ts'
import { createGateway, type Gateway } from '../src/gateway.ts'
import { at, configFor, SECRETS, type SeededDatabase, startSeededDatabase } from './fixture.ts'

const STALENESS = 1_000
const [HERE, THERE] = [0, 1]

function change(startedAt: number, endedAt: number, rest: Partial<Change> = {}): Change {
  return { process: HERE, startedAt, endedAt, delivered: true, replayedAt: Number.POSITIVE_INFINITY, ...rest }
}

function read(process: number, startedAt: number, endedAt = startedAt + 1): Read {
  return { process, startedAt, endedAt }
}

describe('the truth over time', () => {
  /** Old until a change between 100 and 110, taken by this process; new from then on. */
  function changedOnce(rest: Partial<Change> = {}): Timeline<string> {
    const timeline = new Timeline('old')
    timeline.set('new', change(100, 110, rest))
    return timeline
  }
  const judge = (timeline: Timeline<string>, seen: string, at: Read) =>
    timeline.judge(at, (value) => value === seen, STALENESS).kind

  test('in the process that took a change the old value is stale from its answer on', () => {
    const timeline = changedOnce()
    expect(judge(timeline, 'old', read(HERE, 109))).toBe('right')
    expect(judge(timeline, 'old', read(HERE, 110))).toBe('right')
    expect(judge(timeline, 'old', read(HERE, 110.1))).toBe('stale')
  })

  test('elsewhere it may be seen for a second longer, and its age is told', () => {
    const timeline = changedOnce()
    expect(timeline.judge(read(THERE, 610), (value) => value === 'old', STALENESS)).toMatchObject({
      kind: 'right',
      staleness: 500,
    })
    expect(judge(timeline, 'old', read(THERE, 1_110))).toBe('right')
    expect(timeline.judge(read(THERE, 1_111), (value) => value === 'old', STALENESS)).toMatchObject({
      kind: 'stale',
      staleness: 1_001,
      excess: 1,
    })
  })

  test('the new value may be seen as soon as the change is on its way, and not before', () => {
    const timeline = changedOnce()
    expect(judge(timeline, 'new', read(THERE, 90, 99))).toBe('wrong')
    expect(judge(timeline, 'new', read(THERE, 90, 100))).toBe('right')
    expect(judge(timeline, 'neither', read(THERE, 90))).toBe('wrong')
  })

  test('a change that was queued counts elsewhere from its replay, in its own process at once', () => {
    const queued = changedOnce({ delivered: false })
    expect(judge(queued, 'old', read(THERE, 99_999))).toBe('right')
    expect(judge(queued, 'old', read(HERE, 111))).toBe('stale')
    const replayed = changedOnce({ delivered: false, replayedAt: 5_000 })
    expect(judge(replayed, 'old', read(THERE, 6_000))).toBe('right')
    expect(judge(replayed, 'old', read(THERE, 6_001))).toBe('stale')
  })

  test('an answer says whether it was a queued change that made it old: only then may it be older than the bound', () => {
    const late = changedOnce({ delivered: false, replayedAt: 900 }).judge(
      read(THERE, 1_370),
      (value) => value === 'old',
      1_000,
    )
    expect(late).toMatchObject({ kind: 'right', staleness: 1_260, queued: true })
    expect(verdictOn('row', late)).toEqual({ kind: 'right', staleness: 0, queuedStaleness: 1_260 })
    const usual = changedOnce().judge(read(THERE, 610), (value) => value === 'old', 1_000)
    expect(verdictOn('row', usual)).toEqual({ kind: 'right', staleness: 500, queuedStaleness: 0 })
  })

  test('a later change that was delivered ends what an earlier one left open', () => {
    const timeline = changedOnce({ delivered: false })
    timeline.set('newest', change(2_000, 2_010))
    expect(judge(timeline, 'old', read(THERE, 3_010))).toBe('right')
    expect(judge(timeline, 'old', read(THERE, 3_011))).toBe('stale')
  })

  test('without a cache nothing may be old anywhere', () => {
    expect(changedOnce().judge(read(THERE, 111), (value) => value === 'old', 0).kind).toBe('stale')
  })

  test('whatever was true at an allowed moment is right, whatever ceased to be true before is stale, in any history', () => {
    const step = fc.record({ gap: fc.nat(2_000), length: fc.nat(300), process: fc.nat(2) })
    const reading = fc.record({ process: fc.nat(2), start: fc.nat(30_000), length: fc.nat(50), version: fc.nat(12) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), reading, (steps, { process, start, length, version }) => {
        const { timeline, changes } = historyOf(steps)
        fc.pre(version <= changes.length)
        const seen = { process, startedAt: start, endedAt: start + length }
        const finding = timeline.judge(seen, (value) => value === version, STALENESS)
        const from = changes[version - 1]?.startedAt ?? Number.NEGATIVE_INFINITY
        const limits = changes.slice(version).map((next) => next.endedAt + (next.process === process ? 0 : STALENESS))
        const expected = from > seen.endedAt ? 'wrong' : Math.min(...limits) >= start ? 'right' : 'stale'
        expect(finding.kind).toBe(expected)
      }),
    )
  })

  test('parts of one statement must have been true together', () => {
    const [left, right] = [changedOnce(), new Timeline('a')]
    right.set('b', change(300, 310))
    const seen = read(THERE, 400)
    const findings = (one: string, other: string) => [
      left.judge(seen, (value) => value === one, STALENESS),
      right.judge(seen, (value) => value === other, STALENESS),
    ]
    expect(atOneMoment('both', findings('old', 'a')).kind).toBe('right')
    expect(atOneMoment('both', findings('new', 'a')).kind).toBe('right')
    expect(atOneMoment('both', findings('old', 'b')).kind).toBe('wrong')
    expect(intersect([{ from: 1, until: 3 }], [{ from: 2, until: 9 }])).toEqual([{ from: 2, until: 3 }])
  })
})

function historyOf(steps: readonly { gap: number; length: number; process: number }[]) {
  const timeline = new Timeline(0)
  const changes: Change[] = []
  let now = 0
  steps.forEach(({ gap, length, process }, index) => {
    const made = change(now + gap, now + gap + length, { process })
    timeline.set(index + 1, made)
    changes.push(made)
    now = made.endedAt
  })
  return { timeline, changes }
}

describe('the docket', () => {
  test('an answer waits for every change that was under way when it came, and for no other', () => {
    const docket = new Docket()
    const judged: string[] = []
    const end = docket.begin(100)
    docket.add(99, () => judged.push('before'))
    docket.add(101, () => judged.push('during'))
    expect(judged).toEqual(['before'])
    const endLater = docket.begin(200)
    end()
    expect(judged).toEqual(['before', 'during'])
    docket.add(201, () => judged.push('after'))
    expect(docket.size).toBe(1)
    endLater()
    expect(judged).toEqual(['before', 'during', 'after'])
  })
})

/** A client whose gateway is sometimes wrong: for some answers it shows what it showed before. */
class ForgetfulClient extends Client {
  readonly #shown = new Map<string, string>()
  readonly #forgets: (call: Call) => boolean
  planted = 0

  constructor(origins: readonly string[], forgets: (call: Call) => boolean) {
    super(origins, 8)
    this.#forgets = forgets
  }

  override async send(process: number, call: Call): Promise<Response> {
    const answer = await super.send(process, call)
    if (call.method !== 'GET' || answer.status !== 200 || !this.#forgets(call)) return answer
    const key = `${call.token ?? ''} ${call.path}`
    const first = this.#shown.get(key)
    if (first === undefined) this.#shown.set(key, answer.text)
    if (first === undefined || first === answer.text) return answer
    this.planted += 1
    return { ...answer, text: first }
  }
}

describe('a driven gateway', { timeout: 90_000 }, () => {
  let seeded: SeededDatabase
  let gateway: Gateway
  let origin: string

  beforeAll(async () => {
    seeded = await startSeededDatabase(12)
    const provider = new FakeProvider({ meaning: meaningOf })
    gateway = createGateway(seeded.database, configFor(seeded.url), createCache({ namespace: 'driven' }), { provider })
    origin = await gateway.app.listen({ port: 0, host: '127.0.0.1' })
  })

  afterAll(async () => {
    await gateway.close()
    await seeded.stop()
  })

  /** Starts from what the database was filled with: only one test may drive, or the world must be the same one. */
  let world: World | undefined
  async function drive(client: Client, requests: number, seed: number, { workers = 4, changes = 0.05 } = {}) {
    world ??= new World(seeded.accounts, seeded.catalog)
    const judge = new Judge(world, () => 0)
    const traffic = new Traffic({ world, judge, secrets: SECRETS, seed, changes })
    const driver = new Driver({ client, traffic, delivered: async () => {} })
    const tally = await driver.run({ seconds: 60, requests, workers })
    await client.close()
    return { tally, world }
  }

  test('answers right to everything, and the driver believes what the database holds', async () => {
    const { tally, world: believed } = await drive(new Client([origin], 8), 1_000, 1)
    expect(tally.examples).toEqual([])
    expect(tally).toMatchObject({ stale: 0, errors: 0, largestStaleness: 0 })
    expect(tally.judged).toBe(tally.requests)
    expect(tally.changes).toBeGreaterThan(10)
    expect(await crossCheck(seeded.database, believed, 1)).toEqual([])
  })

  test.each([
    ['profiles', '/user/profile', 11],
    ['balances', '/user/balance', 12],
    ['plans', '/user/plan', 13],
    ['pages of the catalog', '/models', 14],
  ])('that shows old %s is caught, every single time', async (_what, path, seed) => {
    const client = new ForgetfulClient([origin], (call) => call.path.startsWith(path))
    const { tally } = await drive(client, 500, seed, { workers: 1, changes: 0.5 })
    expect(client.planted).toBeGreaterThan(0)
    // With one request at a time nothing is in doubt: what is planted is wrong, and nothing else is.
    expect(tally.stale + tally.wrong).toBe(client.planted)
  })

  test('the database that was changed behind the driver is told by the cross-check', async () => {
    const { world: believed } = await drive(new Client([origin], 8), 50, 99)
    await seeded.database.query('update users set purchased_credits = purchased_credits + 1')
    await seeded.database.query(`update model_pricing set price_per_input_token = 1 where id = 1`)
    const differences = await crossCheck(seeded.database, believed, 1)
    expect(differences.length).toBeGreaterThan(10)
    expect(differences.some((difference) => difference.startsWith('model '))).toBe(true)
  })

  test('a price that never was, and a model that was never delisted, are caught in a page', () => {
    const believed = world as World
    const judge = new Judge(believed, () => STALENESS)
    const truth: CatalogTruth = believed.catalog.current
    const { model } = at(
      [...truth.models.values()].filter(({ model: { id } }) => offered(truth, id) !== undefined),
      0,
    )
    const now = {
      process: HERE,
      startedAt: 10 ** 9,
      endedAt: 10 ** 9 + 1,
      status: 200,
      cached: undefined,
      authentication: undefined,
    }
    const price = { input: '9.000000000000000', output: '9.000000000000000', request: '0', source: 'never' }
    expect(judge.models({ ...now, text: expectedBody(truth, {}) }, {}).kind).toBe('right')
    expect(judge.models({ ...now, text: expectedBody(withPrice(truth, model.id, price), {}) }, {}).kind).toBe('wrong')
    expect(judge.model({ ...now, status: 404, text: '{}' }, model.id).kind).not.toBe('right')
  })
})
