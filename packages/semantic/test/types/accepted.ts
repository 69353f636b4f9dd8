import { createCache } from '@granary/core'
import { type ChatCompletion, type ChatRequest, createSemanticCache } from '../../src/index.ts'

const cache = createCache({ namespace: 'types' })

/** What compiles: a partition by a function of the request, or sharing, spelled out. */
export const byUser = createSemanticCache({
  cache,
  partition: (request) => request['user'] as string,
  ttl: '1h',
  match: { threshold: 0.95 },
})
export const shared = createSemanticCache({ cache, partition: 'shared', ttl: '1h', match: { threshold: 0.95 } })

export const wrapped: (request: ChatRequest, attempt: number) => Promise<ChatCompletion> = byUser.wrap(
  async (_: ChatRequest, _attempt: number): Promise<ChatCompletion> => ({ choices: [] }),
)
