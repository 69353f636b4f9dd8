/** JSON schemas of what callers send. What a schema does not name is refused. */

const text = { type: 'string', minLength: 1, maxLength: 255 }
const id = { type: 'integer', minimum: 1 }
const money = { type: 'string', pattern: '^\\d{1,6}(\\.\\d{1,4})?$' }
const tokenPrice = { type: 'string', pattern: '^\\d{1,5}(\\.\\d{1,15})?$' }
const count = { type: 'integer', minimum: 0, maximum: 2_147_483_647 }
const names = { type: 'array', items: text, maxItems: 100 }
const date = { type: ['string', 'null'], format: 'date-time' }

function object(properties: Readonly<Record<string, object>>, required: readonly string[] = Object.keys(properties)) {
  return { type: 'object', properties, required, additionalProperties: false }
}

export const registration = object({ username: text, email: text, identity: { type: 'string' } }, ['username', 'email'])
export const login = object({ identity: { type: 'string' } })
export const profile = object({ username: text, email: text, settings: { type: 'object' } }, [])
export const newKey = object(
  { name: text, environment: { enum: ['live', 'test', 'staging', 'development'] }, expiresAt: date },
  ['name', 'environment'],
)
export const keyChanges = object({ name: text, ipAllowlist: names, domainReferrers: names, expiresAt: date }, [])
export const keyText = object({ apiKey: text })
export const byId = object({ id })
export const listing = object({ limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 } }, [])
export const modelQuery = object(
  { provider: text, limit: { type: 'integer', minimum: 1 }, offset: count, unique: { type: 'boolean' } },
  [],
)
export const movement = object(
  { userId: id, amount: money, requestId: { type: 'string', format: 'uuid' }, description: text },
  ['userId', 'amount', 'requestId'],
)
export const ofUser = object({ userId: id })
export const assignment = object({ userId: id, planId: id })
export const tierChange = object({ userId: id, tier: text })
export const planChanges = object(
  { description: { type: 'string' }, pricePerMonth: money, dailyRequestLimit: count, monthlyRequestLimit: count },
  [],
)
export const ofKey = object({ keyId: id })
export const trialUse = object({ keyId: id, tokens: count, credits: money })
export const rateLimits = object({
  requestsPerMinute: count,
  requestsPerHour: count,
  requestsPerDay: count,
  tokensPerMinute: count,
  tokensPerHour: count,
  tokensPerDay: count,
  burstLimit: count,
  // As many as one subject can hold at once, and seconds in a day.
  concurrencyLimit: { ...count, maximum: 1_024 },
  windowSize: { type: 'integer', minimum: 1, maximum: 86_400 },
})
export const ofModel = object({ id: text })
export const modelPrice = object({ id: text, input: tokenPrice, output: tokenPrice })
export const modelEntry = object(
  {
    provider: text,
    id: text,
    name: text,
    description: { type: ['string', 'null'] },
    contextLength: { type: ['integer', 'null'] },
    maxOutputTokens: { type: ['integer', 'null'] },
    modality: text,
    supportsFunctionCalling: { type: 'boolean' },
    supportsVision: { type: 'boolean' },
    isFree: { type: 'boolean' },
    price: { type: ['object', 'null'] },
  },
  ['provider', 'id', 'name'],
)
export const providerState = object({ slug: text, active: { type: 'boolean' } })
export const tagList = object({ tags: { ...names, minItems: 1 } })
export const keyBlock = object({ keyId: id, seconds: { type: 'integer', minimum: 1, maximum: 2_592_000 } })
export const addressQuery = object({
  route: { enum: ['login', 'register'] },
  address: { type: 'string', maxLength: 64 },
})

const message = {
  type: 'object',
  properties: {
    role: { enum: ['system', 'user', 'assistant', 'tool', 'developer'] },
    content: { anyOf: [{ type: 'string' }, { type: 'null' }, { type: 'array', items: { type: 'object' } }] },
  },
  required: ['role', 'content'],
}
/** Other members than these are the model's business, and pass through. */
export const chat = {
  type: 'object',
  properties: {
    model: text,
    messages: { type: 'array', items: message, minItems: 1, maxItems: 1_000 },
    stream: { type: 'boolean' },
    max_tokens: { type: 'integer', minimum: 1, maximum: 1_000_000 },
  },
  required: ['model', 'messages'],
}
