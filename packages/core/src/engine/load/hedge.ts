import type { Flight } from '../../flight/flight.ts'
import type { Landing } from '../landing.ts'
import type { RemoteFind } from '../lookup.ts'
import { isStrict, type Operation } from '../operation.ts'
import type { Lease } from '../remote.ts'

/** What Redis said to a flight: something to serve, or the lease to load under, if it gave one. */
export type Word =
  | { readonly find: Extract<RemoteFind, { status: 'found' }> }
  | { readonly find: undefined; readonly lease: Lease | undefined }

/** The steps of a flight that may overtake each other. */
export interface HedgedSteps {
  /** Reads Redis and asks for the lease, unless a load has begun meanwhile. */
  readonly ask: (op: Operation, isLoading: () => boolean) => Promise<Word>
  readonly land: (find: Extract<RemoteFind, { status: 'found' }>) => Landing
  readonly load: (lease: Lease | undefined) => Promise<Landing>
}

/**
 * Asks Redis, and begins to load beside it when it is slower than `redis.slowAfter`: whichever answers first is served.
 *
 * A load that began before its lease was granted never stores in Redis, because an invalidation between its beginning and
 * the grant would have found no lease to take: 1. Redis is slow, the load begins and reads the old row. 2. Another process
 * invalidates. 3. The request for the lease arrives and is granted. 4. The load ends; storing it would revive the old row.
 * So a grant that comes later is given back. Waiting for another process that holds the lease is not slowness.
 */
export async function hedge(op: Operation, flight: Flight, steps: HedgedSteps): Promise<Landing> {
  const { clock, settings } = op.engine
  let isLoading = false
  let cancel = () => {}
  const slow = new Promise<'slow'>((resolve) => {
    cancel = clock.schedule(settings.slowAfter, () => resolve('slow'))
  })
  const patient: Operation = {
    ...op,
    onWaiting: () => {
      cancel()
      op.onWaiting?.()
    },
  }
  const asked = steps.ask(patient, () => isLoading)
  const first = await Promise.race([asked, slow]).finally(cancel)
  if (first !== 'slow') return first.find === undefined ? steps.load(first.lease) : steps.land(first.find)
  isLoading = true
  return race(op, asked, loadBeside(op, flight, steps), steps)
}

/** The process's one load of a key beside a slow Redis: begun by this flight, or running since an earlier one. */
function loadBeside(op: Operation, flight: Flight, { load }: HedgedSteps): Promise<Landing> {
  const { flights, link, clock, settings, telemetry } = op.engine
  const now = clock.now()
  const running = flights.besideOf(op.key)
  if (
    running !== undefined &&
    !isStrict(op) &&
    (now < link.freshUntil || now - running.startedAt < settings.joinableFor)
  ) {
    flight.waitsFor.add(running.flight)
    return running.landing
  }
  op.state.counters.hedged += 1
  if (telemetry.wants('load-hedged')) telemetry.emit({ type: 'load-hedged', name: op.policy.name, key: op.key })
  const landing = load(undefined)
  flights.addBeside({ flight, landing, startedAt: now })
  return landing
}

/** The first of both; a load's error waits for what Redis has to say. */
function race(op: Operation, asked: Promise<Word>, loading: Promise<Landing>, { land }: HedgedSteps): Promise<Landing> {
  const { background, remote } = op.engine
  let isLanded = false
  const answered = asked.then((word) => {
    if (word.find !== undefined) return isLanded ? undefined : land(word.find)
    if (word.lease !== undefined) remote?.release(op, word.lease, false)
    return undefined
  })
  background.run('unawaited-load', Promise.allSettled([answered, loading]))
  return new Promise((resolve, reject) => {
    const serve = (landing: Landing) => {
      isLanded = true
      resolve(landing)
    }
    const serveLoad = () => loading.then(serve, reject)
    answered.then((landing) => (landing === undefined ? serveLoad() : serve(landing)), serveLoad)
    loading.then(serve, () => {})
  })
}
