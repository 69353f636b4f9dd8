import { InvalidOption, type KeyPart } from '@granary/core'
import { argumentsText, digestText } from '@granary/serialization'
import type { ChatRequest } from './chat-request.ts'

/**
 * Whose answers may be reused for whom: a hard partition, required. A function names the tenant (or user) of a request;
 * `'shared'` says outright that everybody may be answered with what anybody asked.
 */
export type Partition<Request extends ChatRequest = ChatRequest> = 'shared' | ((request: Request) => KeyPart)

/**
 * The canonical text of a request's partition. The word `'shared'` and a tenant called `'shared'` have different texts.
 *
 * @throws InvalidOption when the function names nobody: undefined, null, NaN and the empty text would mix tenants.
 */
export function partitionText<Request extends ChatRequest>(partition: Partition<Request>, request: Request): string {
  if (partition === 'shared') return 'shared'
  const part = partition(request)
  if (part === undefined || part === null || part === '' || Number.isNaN(part))
    throw new InvalidOption('partition', part, `name the tenant, or write partition: 'shared'`)
  return `of(${argumentsText([part])})`
}

/** The tag of everything a partition holds: `chat:42` for the tenant 42, `chat:shared`, and a digest for what is not plain. */
export function partitionTag<Request extends ChatRequest>(partition: Partition<Request>, request: Request): string {
  if (partition === 'shared') return 'chat:shared'
  const part = partition(request)
  const plain = typeof part === 'string' || typeof part === 'number' || typeof part === 'bigint'
  return `chat:${plain ? part : digestText(argumentsText([part]))}`
}
