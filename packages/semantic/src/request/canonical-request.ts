import { argumentsText, digestText } from '@granary/serialization'
import { type ChatMessage, type ChatRequest, textOf } from './chat-request.ts'
import { conversationOf } from './conversation.ts'
import { type EligibilityRules, type Ineligibility, ineligibilityOf } from './eligibility.ts'
import { DELIVERY_PARAMETERS } from './ignored-parameters.ts'
import { type Partition, partitionTag, partitionText } from './partition.ts'
import { templateOf } from './template.ts'

/**
 * What the cache knows of a request: what it is exactly, with what it may be compared, and the text that is compared.
 * Everything in it is derived from the request, so that two processes agree.
 */
export interface CanonicalRequest {
  /** The canonical text of the partition. */
  readonly tenant: string
  /** Digest of everything that could change the answer: the exact layer's key, and the entry's id. */
  readonly key: string
  /** Digest of the hard partition: tenant, model, parameters, tools, format, system prompt, earlier turns, embedder. */
  readonly scope: string
  /** Digest of what a judge learns together: the scope without the tenant and without the conversation. */
  readonly group: string
  /** What is embedded: the last user turn or its variables, never the system prompt; undefined when `ineligible` says why. */
  readonly text: string | undefined
  /** Why the semantic layer must not be used. */
  readonly ineligible: Ineligibility | undefined
  /** Whether the right answer changes with time. */
  readonly volatile: boolean
  /** Earlier turns. */
  readonly history: readonly ChatMessage[]
  /** The last user turn as a whole, where it is text. */
  readonly asked: string | undefined
  /** The text around the variables of the last turn; empty without variables. */
  readonly frame: string
  /** Digest of what comes before the first turn: tenant, parameters, system prompt, embedder. */
  readonly root: string
  /** `chat:{tenant}` and `model:{id}`. */
  readonly tags: readonly string[]
}

/** How requests are read: the options of the cache that concern them. */
export interface RequestRules extends EligibilityRules {
  readonly partition: Partition
  /** Names of parameters that do not count. */
  readonly ignored: ReadonlySet<string>
  /** The values in the last turn that are compared; the text around them must be equal. */
  readonly variables: ((request: ChatRequest) => Readonly<Record<string, string>> | undefined) | undefined
  /** The embedder's id. */
  readonly embedder: string
}

/**
 * The canonical form of a request.
 *
 * @throws InvalidOption when the partition function names nobody.
 * @throws UnkeyableArgument when a parameter has no canonical form, such as a function.
 */
export function canonicalRequest(request: ChatRequest, rules: RequestRules): CanonicalRequest {
  const conversation = conversationOf(request.messages)
  const { prompts, history, last } = conversation
  const text = last?.role === 'user' ? textOf(last) : undefined
  const variables = text === undefined ? undefined : rules.variables?.(request)
  const template =
    text === undefined
      ? undefined
      : variables === undefined
        ? { frame: '', filling: text }
        : templateOf(text, variables)
  const tenant = partitionText(rules.partition, request)
  const parameters = countingParameters(request, rules.ignored)
  const ineligible = ineligibilityOf(request, conversation, { text, compared: template?.filling, rules })
  const frame = template?.frame ?? ''
  const group = digestText(argumentsText([rules.embedder, parameters, prompts, frame]))
  return {
    tenant,
    key: digestText(argumentsText([tenant, parameters, request.messages])),
    scope: exactScope(tenant, group, history),
    group,
    text: ineligible === undefined ? template?.filling : undefined,
    ineligible,
    volatile: text !== undefined && rules.isVolatile(text),
    history,
    asked: text,
    frame,
    root: digestText(argumentsText(['root', tenant, rules.embedder, parameters, prompts])),
    tags: [partitionTag(rules.partition, request), `model:${request.model}`],
  }
}

/** The scope of a request whose earlier turns must be equal. */
function exactScope(tenant: string, group: string, history: readonly ChatMessage[]): string {
  return digestText(argumentsText(['exact', tenant, group, history]))
}

function countingParameters(request: ChatRequest, ignored: ReadonlySet<string>): Record<string, unknown> {
  const counting: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(request)) {
    if (name === 'messages' || value === undefined || ignored.has(name) || DELIVERY_PARAMETERS.includes(name)) continue
    counting[name] = value
  }
  return counting
}
