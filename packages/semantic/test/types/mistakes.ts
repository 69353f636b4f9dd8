import { createCache } from '@granary/core'
import { type ChatRequest, createSemanticCache } from '../../src/index.ts'

const cache = createCache({ namespace: 'types' })
const ttl = '1h'
const match = { threshold: 0.95 }

// @ts-expect-error 1: whose answers may be reused for whom must be said
createSemanticCache({ cache, ttl, match })

// @ts-expect-error 2: sharing is spelled 'shared'
createSemanticCache({ cache, partition: 'all', ttl, match })

// @ts-expect-error 3: a partition that may name nobody
createSemanticCache({ cache, partition: () => () => 'ada', ttl, match })

// @ts-expect-error 4: seconds or milliseconds?
createSemanticCache({ cache, partition: 'shared', ttl: 3_600, match })

// @ts-expect-error 5: no answer without an end
createSemanticCache({ cache, partition: 'shared', match })

// @ts-expect-error 6: no such way to match
createSemanticCache({ cache, partition: 'shared', ttl, match: { minSimilarity: 0.9 } })

// @ts-expect-error 7: no such context
createSemanticCache({ cache, partition: 'shared', ttl, match, context: 'all' })

const semantic = createSemanticCache({ cache, partition: 'shared', ttl, match })

// @ts-expect-error 8: a request has messages
void semantic.ask({ model: 'm' }, async () => ({ choices: [] }))

// @ts-expect-error 9: an answer has choices
void semantic.ask({ model: 'm', messages: [] }, async () => ({ text: 'hello' }))

// @ts-expect-error 10: a verdict is good or bad
void semantic.feedback('id', 'wrong')

// @ts-expect-error 11: a wrapped function answers with a promise
semantic.wrap((_: ChatRequest) => ({ choices: [] }))
