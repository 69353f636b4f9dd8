import { type ChatRequest, textOf } from './completion.ts'

/** Characters in a token, on average, in English. */
const CHARACTERS = 4
/** Tokens that a message costs beside its text. */
const PER_MESSAGE = 4
/** Tokens that an answer is expected to take when the request does not bound it. */
const UNBOUNDED_ANSWER = 256

/** Tokens in a text, roughly. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS)
}

/** Tokens that a request's messages take. */
export function promptTokens({ messages }: Pick<ChatRequest, 'messages'>): number {
  return messages.reduce((sum, message) => sum + PER_MESSAGE + countTokens(textOf(message)), 0)
}

/** Tokens to reserve for a request before it is known what it takes: its messages, and as long an answer as it allows. */
export function estimateTokens(request: ChatRequest): number {
  return promptTokens(request) + (request.max_tokens ?? UNBOUNDED_ANSWER)
}
