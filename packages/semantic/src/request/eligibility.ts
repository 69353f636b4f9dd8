import type { ChatRequest } from './chat-request.ts'
import { codeShare } from './code-share.ts'
import { type Conversation, usesTools } from './conversation.ts'

/**
 * Why a request is answered by exact match or by the model, and by nothing in between.
 *
 * - `no-user-turn`: its last message is not the user's.
 * - `not-text`: the last turn holds images, audio or files, or the answer would.
 * - `tool-results`: tools were called in the conversation.
 * - `temperature`: it is above the gate: variety is wanted.
 * - `several-answers`: `n` is above 1.
 * - `logprobs`: the caller wants the model's own figures.
 * - `volatile`: the right answer changes with time.
 * - `history`: earlier turns, and `context` is `'none'`; or so many that they are not followed.
 * - `template`: a variable's value does not stand in the last turn.
 * - `code`: most of it is code or data.
 * - `empty`: there is nothing to compare.
 * - `truncated`: the embedder did not read it to its end.
 */
export type Ineligibility =
  | 'no-user-turn'
  | 'not-text'
  | 'tool-results'
  | 'temperature'
  | 'several-answers'
  | 'logprobs'
  | 'volatile'
  | 'history'
  | 'template'
  | 'code'
  | 'empty'
  | 'truncated'

/** What decides whether a request may be answered by meaning. */
export interface EligibilityRules {
  /** The highest temperature at which answers are shared by meaning. */
  readonly temperatureGate: number
  /** What a request without a temperature has. */
  readonly defaultTemperature: number
  readonly context: 'none' | 'chain' | 'exact'
  readonly isVolatile: (text: string) => boolean
}

/** Up to this share of a text may be code. */
const MOST_CODE = 0.3

/**
 * Why a request must not be answered by meaning; undefined when it may be. Asked before anything is read, and again before
 * anything is written.
 *
 * @param text - The last turn; undefined when it is not text.
 * @param compared - What would be embedded; undefined when the template does not fit.
 */
export function ineligibilityOf(
  request: ChatRequest,
  conversation: Conversation,
  { text, compared, rules }: { text: string | undefined; compared: string | undefined; rules: EligibilityRules },
): Ineligibility | undefined {
  if (usesTools(conversation)) return 'tool-results'
  if (conversation.last?.role !== 'user') return 'no-user-turn'
  if (text === undefined || wantsMedia(request)) return 'not-text'
  if (!((request.temperature ?? rules.defaultTemperature) <= rules.temperatureGate)) return 'temperature'
  if ((request['n'] ?? 1) !== 1) return 'several-answers'
  if ((request['logprobs'] ?? false) !== false || (request['top_logprobs'] ?? 0) !== 0) return 'logprobs'
  if (conversation.history.length > 0 && rules.context === 'none') return 'history'
  if (compared === undefined) return 'template'
  if (compared.trim() === '') return 'empty'
  if (rules.isVolatile(text)) return 'volatile'
  return codeShare(compared) > MOST_CODE ? 'code' : undefined
}

function wantsMedia(request: ChatRequest): boolean {
  const modalities = request['modalities']
  return (
    (request['audio'] ?? null) !== null || (Array.isArray(modalities) && modalities.some((each) => each !== 'text'))
  )
}
