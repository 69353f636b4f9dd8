import { defineTags } from '@granary/decorators'

/** Every tag of the gateway: what can change, in one place. */
export const tags = defineTags({
  user: (id: number) => `user:${id}`,
  apiKey: (id: number) => `key:${id}`,
  plan: (id: number) => `plan:${id}`,
  rateLimit: (keyId: number) => `ratelimit:${keyId}`,
  credits: (userId: number) => `credits:${userId}`,
  provider: (slug: string) => `provider:${slug}`,
  chat: (userId: number) => `chat:${userId}`,
  model: (id: string) => `model:${id}`,
  catalog: () => 'catalog',
  pricing: () => 'pricing',
})
