import { RIGHT, type Verdict, wrong } from './verdict.ts'

/** The share of chat answers by meaning that may be those of another question. */
export const CHAT_BOUND = 0.1

/** Where chat answers came from, as their readers saw it. */
export interface ChatCounts {
  readonly exact: number
  readonly semantic: number
  readonly model: number
  /** Answers by meaning that were those of another question. The judge bounds their share; it does not rule them out. */
  readonly mistaken: number
  /** Answers that had been made for another user: none is allowed. */
  readonly strangers: number
}

/** What is known of one answer. */
export interface ChatAnswer {
  /** What the provider called its answer: a hit shows the one of whoever asked the model. */
  readonly id: string
  readonly userId: number
  /** What `X-Cache` says. */
  readonly cached: string | undefined
  /** Whether it is the answer to the question that was asked. */
  readonly isRight: boolean
}

const NONE: ChatCounts = { exact: 0, semantic: 0, model: 0, mistaken: 0, strangers: 0 }
const SOURCES = { HIT: 'exact', SEMANTIC: 'semantic' } as const

/** Knows for whom each answer was made, whichever of its readers was seen first, and tells strangers' answers from one's own. */
export class ChatLedger {
  readonly #owners = new Map<string, number>()
  #counts = NONE

  get counts(): ChatCounts {
    return this.#counts
  }

  /** Notes an answer and judges it. */
  note({ id, userId, cached, isRight }: ChatAnswer): Verdict {
    const source = cached === 'HIT' || cached === 'SEMANTIC' ? SOURCES[cached] : 'model'
    this.#count(source)
    const owner = this.#owners.get(id) ?? userId
    this.#owners.set(id, owner)
    if (owner !== userId) {
      this.#count('strangers')
      return wrong(`user ${userId} got the answer ${id}, which was made for user ${owner}`)
    }
    if (isRight) return RIGHT
    if (source !== 'semantic') return wrong(`${id} is not the answer`)
    this.#count('mistaken')
    return RIGHT
  }

  #count(what: keyof ChatCounts): void {
    this.#counts = { ...this.#counts, [what]: this.#counts[what] + 1 }
  }
}

/** What was counted between two moments. */
export function chatsBetween(before: ChatCounts, after: ChatCounts): ChatCounts {
  return {
    exact: after.exact - before.exact,
    semantic: after.semantic - before.semantic,
    model: after.model - before.model,
    mistaken: after.mistaken - before.mistaken,
    strangers: after.strangers - before.strangers,
  }
}
