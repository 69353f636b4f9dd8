/** The OpenAI-shaped answer, as far as the cache reads it. */

/** What an answer cost, in tokens. */
export interface Usage {
  readonly prompt_tokens?: number
  readonly completion_tokens?: number
  readonly total_tokens?: number
  readonly [field: string]: unknown
}

/** One of the answers of a completion. */
export interface Choice {
  readonly index?: number
  readonly message: { readonly role?: string; readonly content?: string | null; readonly [field: string]: unknown }
  readonly finish_reason?: string | null
  readonly [field: string]: unknown
}

/** A whole answer of a model. */
export interface ChatCompletion {
  readonly choices: readonly Choice[]
  readonly usage?: Usage | null
  readonly [field: string]: unknown
}

/** The text of an answer's first choice; undefined when it has none. */
export function answerText(completion: ChatCompletion): string | undefined {
  return completion.choices[0]?.message.content ?? undefined
}
