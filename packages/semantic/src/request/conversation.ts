import type { ChatMessage } from './chat-request.ts'

/** A request's messages by their part in it. */
export interface Conversation {
  /** What stands in front: system and developer messages before the first turn. */
  readonly prompts: readonly ChatMessage[]
  /** Earlier turns, with system messages between them. */
  readonly history: readonly ChatMessage[]
  /** The turn that is to be answered. */
  readonly last: ChatMessage | undefined
}

/** Takes a list of messages apart; put together again they are the list. */
export function conversationOf(messages: readonly ChatMessage[]): Conversation {
  const first = messages.findIndex(({ role }) => role !== 'system' && role !== 'developer')
  const start = first === -1 ? messages.length : first
  const end = Math.max(start, messages.length - 1)
  return { prompts: messages.slice(0, start), history: messages.slice(start, end), last: messages[end] }
}

/** Whether a conversation called tools: what came back is matched exactly, never by meaning. */
export function usesTools({ history, last }: Conversation): boolean {
  return [...history, ...(last === undefined ? [] : [last])].some(
    ({ role, tool_calls: calls, function_call: call }) =>
      role === 'tool' || role === 'function' || (Array.isArray(calls) && calls.length > 0) || (call ?? null) !== null,
  )
}

/** An earlier user turn, and everything that was said until the next one. */
export interface Turn {
  readonly asked: ChatMessage
  readonly said: readonly ChatMessage[]
}

/** The earlier turns of a conversation; undefined when it does not begin with the user. */
export function turnsOf(history: readonly ChatMessage[]): readonly Turn[] | undefined {
  const turns: { asked: ChatMessage; said: ChatMessage[] }[] = []
  for (const message of history) {
    if (message.role === 'user') turns.push({ asked: message, said: [] })
    else if (turns.length === 0) return undefined
    else turns.at(-1)?.said.push(message)
  }
  return turns
}
