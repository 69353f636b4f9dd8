import { isDeepStrictEqual } from 'node:util'
import type { ChatChunk, ChatCompletion, ChatRequest, Usage } from '../../src/chat/completion.ts'
import { usageOf } from '../../src/chat/completion.ts'
import { answerTo } from '../../src/chat/fake-provider.ts'
import { estimateTokens, promptTokens } from '../../src/chat/tokens.ts'
import type { Judge } from '../oracle/judge.ts'
import { type Verdict, wrong } from '../oracle/verdict.ts'
import type { Credential, World } from '../oracle/world.ts'
import type { Choices } from './choices.ts'
import { type Answer, bodyOf, type ReadOperation } from './operation.ts'
import { blamedIn, promisesTo } from './promises.ts'
import { meaningOf, WORDINGS } from './questions.ts'

/** The longest answer that traffic asks for, in tokens. */
const LONGEST_ANSWER = 64
/** Requests to models: some whole, some streamed, each within the limits of its key. */
export class Chats {
  readonly #judge: Judge
  readonly #world: World

  constructor(judge: Judge, world: World) {
    this.#judge = judge
    this.#world = world
  }

  /** One of them. */
  any(choices: Choices): ReadOperation {
    const content = choices.random.pick(WORDINGS)
    const isTalk = choices.random.chance(0.9)
    const request: ChatRequest = {
      model: isTalk ? choices.talkedTo() : choices.modelId(),
      messages: [{ role: 'user', content }],
      max_tokens: LONGEST_ANSWER,
      stream: choices.random.chance(0.3),
      // Without one the provider's own, which is too high for answers by meaning.
      ...(choices.random.chance(0.9) ? { temperature: 0 } : {}),
    }
    return this.#chat(isTalk ? choices.talkative() : choices.credential(), request)
  }

  #chat(of: Credential, request: ChatRequest): ReadOperation {
    return {
      kind: 'read',
      call: { layer: 'chat', method: 'POST', path: '/v1/chat/completions', token: of.plaintext, body: request },
      judge: (answer) => {
        if (answer.status !== 401 && answer.status !== 403) this.#note(answer, of, request)
        return this.#judge.limited(answer, of, blamedIn(answer), () => this.#judgeAnswer(answer, of, request))
      },
    }
  }

  /** Only the one who asked knows what the answer takes: the provider gives the same one every time, and the cache takes nothing. */
  #note(answer: Answer, { keyId }: Credential, request: ChatRequest): void {
    const isCharged = answer.status === 200 && answer.cached === 'MISS'
    const tokens = isCharged ? expected(request).usage.total_tokens : 0
    this.#world.ledger.note(answer, {
      subject: `key ${keyId}`,
      limits: promisesTo(this.#world.limitsOf(keyId).current),
      used: ofTokens(tokens),
      reserved: ofTokens(estimateTokens(request)),
      blamed: blamedIn(answer),
    })
  }

  #judgeAnswer(answer: Answer, { userId }: Credential, request: ChatRequest): Verdict {
    const offer = this.#judge.offer(answer, request.model)
    if (answer.status === 404 || offer.kind !== 'right') return offer
    const shown = request.stream === true ? streamed(answer.text) : whole(answer)
    if (shown === undefined) return wrong(`${answer.text.slice(0, 200)} is no answer`)
    const { id, usage, ...said } = shown
    const { usage: used, ...right } = expected(request)
    // What answers another wording took what that one takes.
    const isRight = isDeepStrictEqual(said, right) && (answer.cached === 'SEMANTIC' || isDeepStrictEqual(usage, used))
    return this.#world.chats.note({ id, userId, cached: answer.cached, isRight })
  }
}

/** What an answer comes to, however it was sent. */
interface Said {
  readonly text: string
  readonly finish: string | undefined
  readonly usage: Usage
}

/** An answer as it was shown. */
interface Shown extends Said {
  readonly id: string
}

function expected(request: ChatRequest): Said {
  const { words, finish } = answerTo(request, meaningOf)
  return { text: words.join(' '), finish, usage: usageOf(promptTokens(request), words.length) }
}

function whole(answer: Answer): Shown | undefined {
  const completion = bodyOf(answer) as ChatCompletion | undefined
  const choice = completion?.choices?.[0]
  if (completion === undefined || choice === undefined) return undefined
  return { id: completion.id, text: choice.message.content, finish: choice.finish_reason, usage: completion.usage }
}

function streamed(text: string): Shown | undefined {
  const events = text.split('\n\n').filter((event) => event !== '')
  if (events.pop() !== 'data: [DONE]') return undefined
  const chunks = events.map((event) => JSON.parse(event.slice('data: '.length)) as ChatChunk)
  const { usage, id } = chunks.at(-1) ?? {}
  if (usage === undefined || usage === null || id === undefined) return undefined
  return {
    id,
    text: chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''),
    finish: chunks.find(({ choices }) => choices[0]?.finish_reason)?.choices[0]?.finish_reason ?? undefined,
    usage,
  }
}

function ofTokens(tokens: number): Record<string, number> {
  return { tokensPerMinute: tokens, tokensPerHour: tokens, tokensPerDay: tokens }
}
