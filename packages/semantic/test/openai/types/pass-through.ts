import type OpenAI from 'openai'
import type { SemanticCache } from '../../../src/index.ts'

declare const client: OpenAI
declare const semantic: SemanticCache

/** Types of a client library pass through as they are. */
export async function passThrough(body: OpenAI.ChatCompletionCreateParamsNonStreaming): Promise<OpenAI.ChatCompletion> {
  const { completion } = await semantic.ask(body, (each) => client.chat.completions.create(each))
  return completion
}

export async function streamThrough(body: OpenAI.ChatCompletionCreateParamsStreaming): Promise<string> {
  const { chunks } = await semantic.askStream(body, (each, { signal }) =>
    client.chat.completions.create(each, { signal }),
  )
  for await (const chunk of chunks) return chunk.system_fingerprint ?? ''
  return ''
}
