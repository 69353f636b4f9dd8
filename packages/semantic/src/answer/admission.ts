import { type ChatCompletion, callsTools } from './chat-completion.ts'

/**
 * Why an answer is not kept.
 *
 * - `unfinished`: it did not end with `stop`: cut off by length, filtered, or never finished.
 * - `tool-calls`: it calls tools, and the `toolCalls` option is off.
 * - `refusal`: the model refused to answer.
 * - `empty`: it says nothing.
 */
export type Unkept = 'unfinished' | 'tool-calls' | 'refusal' | 'empty'

/**
 * Why an answer must not be kept; undefined when it may be. Asked before it is stored, and again before a stored one is served
 * for another request.
 *
 * A completion without `finish_reason`, as a function of one's own may make, counts as finished; a `null` one does not.
 */
export function unkept(completion: ChatCompletion, { toolCalls }: { toolCalls: boolean }): Unkept | undefined {
  if (!Array.isArray(completion?.choices) || completion.choices.length === 0) return 'empty'
  for (const choice of completion.choices) {
    const { finish_reason: reason = 'stop', message } = choice
    const calls = callsTools(choice)
    if (calls && !toolCalls) return 'tool-calls'
    if (reason !== 'stop' && !(calls && (reason === 'tool_calls' || reason === 'function_call'))) return 'unfinished'
    if ((message['refusal'] ?? '') !== '') return 'refusal'
    if (!calls && (message.content ?? '') === '' && (message['audio'] ?? null) === null) return 'empty'
  }
  return undefined
}

/** Whether an answer may be served for another request that means the same: one text that calls nothing. */
export function maySpeakForOthers(completion: ChatCompletion): boolean {
  const [choice, second] = completion.choices
  return (
    choice !== undefined &&
    second === undefined &&
    !callsTools(choice) &&
    typeof choice.message.content === 'string' &&
    choice.message.content !== ''
  )
}
