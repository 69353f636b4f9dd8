import type { Engine } from '../engine/engine.ts'
import { sendTargets } from '../engine/invalidate.ts'
import type { Targets } from '../engine/remote.ts'
import { type OutboxReader, readBody } from './outbox.ts'

/** Messages that are claimed and sent together. */
const LARGEST_LOAD = 500

/**
 * Delivers what is due in an outbox until nothing is; resolves to the number of messages. What cannot be delivered now stays
 * where it is: without Redis nothing is claimed.
 */
async function deliverFrom(engine: Engine, namespace: string, outbox: OutboxReader): Promise<number> {
  const { remote, settings } = engine
  let delivered = 0
  while (!settings.closed) {
    if (remote !== undefined && !(remote.isOpen || (await remote.untilFirstOpen(settings.firstConnection)))) break
    const messages = await outbox.claim(namespace, LARGEST_LOAD)
    if (messages.length === 0) break
    const targets = messages.map(({ body }) => readBody(namespace, body))
    const receipt = await sendTargets(engine, together(targets))
    if (!receipt.delivered) break
    await outbox.remove(messages.map(({ id }) => id))
    delivered += messages.length
    if (messages.length < LARGEST_LOAD) break
  }
  return delivered
}

function together(targets: readonly Targets[]): Targets {
  const keys = new Map(targets.flatMap((each) => each.keys.map((address) => [address.key, address] as const)))
  return { keys: [...keys.values()], members: [...new Set(targets.flatMap(({ members }) => members))] }
}

/** Delivers from outboxes again and again, until it is stopped or the cache closes. */
export class Couriers {
  readonly #engine: Engine
  readonly #namespace: string
  readonly #running = new Set<() => Promise<void>>()

  constructor(engine: Engine, namespace: string) {
    this.#engine = engine
    this.#namespace = namespace
  }

  /** One round now. */
  deliver(outbox: OutboxReader): Promise<number> {
    return deliverFrom(this.#engine, this.#namespace, outbox)
  }

  /** Starts a round every so many milliseconds, the first at once; the returned function ends it and waits for the round that runs. */
  start(outbox: OutboxReader, every: number): () => Promise<void> {
    let cancel = () => {}
    let stopped = false
    let round: Promise<void> = Promise.resolve()
    const go = () => {
      round = this.#round(outbox).then(() => {
        if (!stopped) cancel = this.#engine.clock.schedule(every, go)
      })
    }
    const stop = () => {
      stopped = true
      cancel()
      this.#running.delete(stop)
      return round
    }
    this.#running.add(stop)
    go()
    return stop
  }

  /** Ends all rounds. */
  async stop(): Promise<void> {
    await Promise.all([...this.#running].map((stop) => stop()))
  }

  async #round(outbox: OutboxReader): Promise<void> {
    const { telemetry } = this.#engine
    try {
      const messages = await this.deliver(outbox)
      if (messages > 0 && telemetry.wants('outbox-delivered')) telemetry.emit({ type: 'outbox-delivered', messages })
    } catch (cause) {
      telemetry.emit({ type: 'outbox-failed', cause })
    }
  }
}
