/** Chat completions in the shape that OpenAI's API made common, as far as the gateway reads it; other members pass through. */

/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool' | 'developer'
  readonly content: string | readonly { readonly type: string; readonly text?: string }[] | null
}

/** What a caller asks of a model. */
export interface ChatRequest {
  /** `provider/name`, as the catalog has it. */
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly stream?: boolean
  readonly max_tokens?: number
  readonly [parameter: string]: unknown
}

/** Tokens that were used, as the provider counts them. */
export interface Usage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
}

/** Why an answer ended. */
type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

/** A whole answer. */
export interface ChatCompletion {
  readonly id: string
  readonly object: 'chat.completion'
  /** Unix seconds. */
  readonly created: number
  readonly model: string
  readonly choices: readonly {
    readonly index: number
    readonly message: { readonly role: 'assistant'; readonly content: string }
    readonly finish_reason: FinishReason
  }[]
  readonly usage: Usage
}

/** A piece of an answer. The last one has no choices, but the usage. */
export interface ChatChunk {
  readonly id: string
  readonly object: 'chat.completion.chunk'
  /** Unix seconds. */
  readonly created: number
  readonly model: string
  readonly choices: readonly {
    readonly index: number
    readonly delta: { readonly role?: 'assistant'; readonly content?: string }
    readonly finish_reason: FinishReason | null
  }[]
  readonly usage: Usage | null
}

/** Usage of so many tokens. */
export function usageOf(promptTokens: number, completionTokens: number): Usage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
}

/** The text of a message, whatever form it has; parts that are no text have none. */
export function textOf({ content }: ChatMessage): string {
  if (typeof content === 'string') return content
  return (content ?? []).map(({ text = '' }) => text).join('')
}
