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

/** What may be answered: any completion type of a client library that has these fields. */
export interface CompletionShape {
  readonly choices: readonly { readonly message: { readonly content?: string | null } }[]
}

/** The text of an answer's first choice; undefined when it has none. */
export function answerText(completion: ChatCompletion): string | undefined {
  return completion.choices[0]?.message.content ?? undefined
}

/** Whether an answer calls tools, or the function that preceded them. */
export function callsTools({ message, finish_reason: reason }: Choice): boolean {
  const { tool_calls: calls, function_call: call } = message
  return (
    reason === 'tool_calls' ||
    reason === 'function_call' ||
    (Array.isArray(calls) && calls.length > 0) ||
    (call ?? null) !== null
  )
}

/** Tokens of an answer in all; undefined when the model did not say, as in a stream without `include_usage`. */
export function tokensOf(usage: Usage | null | undefined): number | undefined {
  const { total_tokens: total, prompt_tokens: prompt, completion_tokens: completion } = usage ?? {}
  return total ?? (prompt === undefined && completion === undefined ? undefined : (prompt ?? 0) + (completion ?? 0))
}
