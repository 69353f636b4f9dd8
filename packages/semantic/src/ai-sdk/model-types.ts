import type { LanguageModelMiddleware } from 'ai'

type Wrapping = Parameters<NonNullable<LanguageModelMiddleware['wrapStream']>>[0]

/** What a language model is called with. */
export type CallOptions = Wrapping['params']

/** A language model of the AI SDK. */
export type Model = Wrapping['model']

/** What a language model generates. */
export type GenerateResult = Awaited<ReturnType<Wrapping['doGenerate']>>

/** What a language model streams, and what it streams it with. */
export type StreamResult = Awaited<ReturnType<Wrapping['doStream']>>

/** One event of a stream. */
export type Part = StreamResult['stream'] extends ReadableStream<infer P> ? P : never

/** One piece of what was generated. */
export type Content = GenerateResult['content'][number]
