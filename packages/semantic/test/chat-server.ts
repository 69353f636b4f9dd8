import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

interface Asked {
  readonly model: string
  readonly stream?: boolean
  readonly stream_options?: { readonly include_usage?: boolean }
  readonly messages: readonly { readonly role: string; readonly content: unknown }[]
}

/** A local server that speaks the chat completions protocol, streams included. */
export class ChatServer {
  /** Bodies of the calls, in their order. */
  readonly asked: Asked[] = []
  /** Calls that the client broke off. */
  broken = 0
  /** Milliseconds between two events of a stream. */
  pace = 0
  finish = 'stop'
  /** Answers every call with this status instead. */
  status: number | undefined
  answer = (text: string) => `answer to ${text}`
  readonly #server = createServer((request, response) => void this.#serve(request, response))

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      this.#server.closeAllConnections()
      this.#server.close()
    })
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const piece of request) text += piece
    const body = JSON.parse(text) as Asked
    this.asked.push(body)
    if (this.status !== undefined) {
      response.writeHead(this.status, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify({ error: { message: 'no credit', type: 'billing' } }))
      return
    }
    if (body.stream === true) await this.#stream(body, response)
    else this.#whole(body, response)
  }

  #whole(body: Asked, response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'application/json', 'X-Request-Id': 'req-1' })
    response.end(
      JSON.stringify({
        ...this.#envelope('chat.completion', body),
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: this.#text(body), refusal: null },
            logprobs: null,
            finish_reason: this.finish,
          },
        ],
        usage: USAGE,
      }),
    )
  }

  async #stream(body: Asked, response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Request-Id': 'req-1' })
    response.on('close', () => {
      if (!response.writableFinished) this.broken += 1
    })
    const step = (delta: object, finish: string | null = null) => ({
      ...this.#envelope('chat.completion.chunk', body),
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...(body.stream_options?.include_usage ? { usage: null } : {}),
    })
    const words = this.#text(body).match(/\S+\s*/g) ?? []
    const events: object[] = [
      step({ role: 'assistant', content: '' }),
      ...words.map((content) => step({ content })),
      step({}, this.finish),
      ...(body.stream_options?.include_usage
        ? [{ ...this.#envelope('chat.completion.chunk', body), choices: [], usage: USAGE }]
        : []),
    ]
    for (const event of events) {
      if (response.destroyed) return
      response.write(`data: ${JSON.stringify(event)}\n\n`)
      await pause(this.pace)
    }
    response.end('data: [DONE]\n\n')
  }

  #text({ messages }: Asked): string {
    const content = messages.at(-1)?.content
    return this.answer(typeof content === 'string' ? content : ((content as { text: string }[])[0]?.text ?? ''))
  }

  #envelope(object: string, { model }: Asked): object {
    return { id: `chatcmpl-${this.asked.length}`, object, created: 1_700_000_000, model }
  }
}

const USAGE = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 }
