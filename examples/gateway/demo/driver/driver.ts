import type { Change } from '../oracle/timeline.ts'
import type { Verdict } from '../oracle/verdict.ts'
import type { ChangeOperation, Operation, ReadOperation } from '../traffic/operation.ts'
import type { Traffic } from '../traffic/traffic.ts'
import type { Client, Response } from './client.ts'
import { Docket } from './docket.ts'
import { Tally } from './tally.ts'

/** What a driver is made of. */
export interface DriverParts {
  readonly client: Client
  readonly traffic: Traffic
  /** Resolves when the process has told all others of every change that waited. */
  readonly delivered: (process: number) => Promise<void>
}

/** How long and how hard to drive. */
export interface Drive {
  readonly seconds: number
  /** Stop after so many requests even if the time is not over. */
  readonly requests?: number
  /** Requests under way at any time. */
  readonly workers: number
  /** Called after each answer. */
  readonly onAnswer?: (tally: Tally) => void
}

/** Sends traffic to a gateway and has every answer judged. */
export class Driver {
  readonly #client: Client
  readonly #traffic: Traffic
  readonly #delivered: DriverParts['delivered']
  /** Subjects of the changes under way. */
  readonly #busy = new Set<string>()
  /** Changes that other processes do not know of yet, by the process that took them. */
  readonly #queued = new Map<number, Change[]>()
  readonly #followed = new Set<number>()

  constructor({ client, traffic, delivered }: DriverParts) {
    this.#client = client
    this.#traffic = traffic
    this.#delivered = delivered
  }

  /** Drives, and resolves to what was seen once the last answer is judged. */
  async run({ seconds, requests = Number.POSITIVE_INFINITY, workers, onAnswer }: Drive): Promise<Tally> {
    const tally = new Tally()
    const docket = new Docket()
    const deadline = performance.now() + seconds * 1_000
    const work = async () => {
      while (performance.now() < deadline && tally.requests < requests) {
        await this.#perform(this.#next(), this.#traffic.process(this.#client.processes), { tally, docket })
        onAnswer?.(tally)
      }
    }
    await Promise.all(Array.from({ length: workers }, work))
    return tally
  }

  /** The next request whose subject nobody is changing. */
  #next(): Operation {
    for (;;) {
      const operation = this.#traffic.next()
      if (operation.kind === 'read' || !this.#busy.has(operation.subject)) return operation
    }
  }

  async #perform(operation: Operation, process: number, books: Books): Promise<void> {
    if (operation.kind === 'read') await this.#read(operation, process, books)
    else await this.#change(operation, process, books)
  }

  async #read(operation: ReadOperation, process: number, books: Books): Promise<void> {
    const answer = await this.#send(operation, process, books.tally)
    if (answer === undefined) return
    books.docket.add(answer.endedAt, () => noted(books.tally, operation, answer, operation.judge(answer)))
  }

  async #change(operation: ChangeOperation, process: number, books: Books): Promise<void> {
    this.#busy.add(operation.subject)
    const end = books.docket.begin(performance.now())
    try {
      const answer = await this.#send(operation, process, books.tally)
      if (answer === undefined) return
      books.tally.changes += 1
      noted(books.tally, operation, answer, operation.settle(answer, this.#changeOf(answer, books.tally)))
    } finally {
      this.#busy.delete(operation.subject)
      end()
    }
    const where = this.#traffic.witness()
    if (where === 'none' || operation.witness === undefined) return
    await this.#read(
      operation.witness(),
      where === 'same' ? process : this.#traffic.process(this.#client.processes),
      books,
    )
  }

  async #send(operation: Operation, process: number, tally: Tally): Promise<Response | undefined> {
    try {
      const answer = await this.#client.send(process, operation.call)
      tally.answered(operation.call, answer)
      return answer
    } catch (error) {
      tally.lost(operation.call, error)
      return undefined
    }
  }

  #changeOf(answer: Response, tally: Tally): Change {
    const { process, startedAt, endedAt, queued } = answer
    const change: Change = { process, startedAt, endedAt, delivered: !queued, replayedAt: Number.POSITIVE_INFINITY }
    if (queued) {
      tally.queued += 1
      this.#queued.set(process, [...(this.#queued.get(process) ?? []), change])
      void this.#followReplay(process, tally)
    }
    return change
  }

  /** Learns when the process has told the others; what it took meanwhile is asked for in the next round. */
  async #followReplay(process: number, tally: Tally): Promise<void> {
    if (this.#followed.has(process)) return
    this.#followed.add(process)
    for (let round = this.#takeQueued(process); round.length > 0; round = this.#takeQueued(process)) {
      try {
        await this.#delivered(process)
        const replayedAt = performance.now()
        for (const change of round) change.replayedAt = replayedAt
      } catch (error) {
        tally.lost({ layer: 'admin', method: 'GET', path: '/admin/cache/delivered' }, error)
      }
    }
    this.#followed.delete(process)
  }

  #takeQueued(process: number): Change[] {
    const changes = this.#queued.get(process) ?? []
    this.#queued.delete(process)
    return changes
  }
}

interface Books {
  readonly tally: Tally
  readonly docket: Docket
}

function noted(tally: Tally, { call }: Operation, answer: Response, verdict: Verdict): void {
  tally.judge(call, answer, verdict)
}
