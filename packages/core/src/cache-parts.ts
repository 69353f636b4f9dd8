import type { ClassRegistry } from '@granary/serialization'
import type { Engine } from './engine/engine.ts'
import type { SecretDigester } from './key/keying.ts'
import type { PolicyDefaults } from './options/policy.ts'
import type { RedisHandle } from './options/redis-client.ts'
import type { ConnectionReport } from './reports.ts'

/** What the composition root knows and the cache does not. */
export interface CacheParts {
  readonly namespace: string
  readonly engine: Engine
  readonly defaults: PolicyDefaults
  readonly registry: ClassRegistry
  /** Undefined when secret arguments cannot be digested alike in every process. */
  readonly secrets: SecretDigester | undefined
  readonly redis: RedisHandle | undefined
  readonly connection: () => ConnectionReport
  readonly ready: () => Promise<void>
}
