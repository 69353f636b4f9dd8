import type { Reply } from '../redis-model/commands.ts'
import type { ErrorReply } from '../redis-model/keyspace.ts'

/** One bit of the number of elements of a list is another one: of the `list`-th in a reply, counted round. */
export interface WrongCount {
  readonly list: number
  readonly bit: number
}

type Token = { readonly count: number } | { readonly leaf: Reply | ErrorReply }

/**
 * Replies as a client reads them from a stream. Where a list says a wrong number of elements it swallows what comes after it,
 * or leaves its last elements behind as replies, and from then on every reply belongs to another command.
 */
export class ReplyStream {
  #tokens: Token[] = []

  /** A reply comes in; answers those that are whole by now. */
  feed(reply: Reply | ErrorReply, wrong?: WrongCount): (Reply | ErrorReply)[] {
    if (wrong === undefined && this.#tokens.length === 0) return [reply]
    const tokens = tokensOf(reply)
    this.#tokens.push(...(wrong === undefined ? tokens : miscounted(tokens, wrong)))
    const whole: (Reply | ErrorReply)[] = []
    for (let read = parse(this.#tokens, 0); read !== undefined; read = parse(this.#tokens, 0)) {
      whole.push(read.reply)
      this.#tokens = this.#tokens.slice(read.next)
    }
    return whole
  }
}

/** Whether a list ends with a digest of what it says. */
export function isSealed(reply: readonly Reply[]): boolean {
  const seal = reply.at(-1)
  return reply.length > 1 && typeof seal === 'string' && /^[0-9a-f]{40}$/.test(seal)
}

/** The last number before the seal is a smaller one: of a record, if there is any. */
export function misread(reply: readonly Reply[]): Reply {
  const at = reply.findLastIndex((each, index) => index < reply.length - 1 && (!Array.isArray(each) || each.length > 0))
  return reply.map((each, index) => (index === at ? smaller(each) : each))
}

function smaller(reply: Reply): Reply {
  if (Array.isArray(reply)) return [...reply.slice(0, -1), smaller(reply.at(-1) as Reply)]
  if (typeof reply === 'number') return Math.max(0, reply - 1)
  return typeof reply === 'string' ? reply.replace(/[1-9](?=\D*$)/, (digit) => String(Number(digit) - 1)) : reply
}

function tokensOf(reply: Reply | ErrorReply): Token[] {
  return Array.isArray(reply) ? [{ count: reply.length }, ...reply.flatMap(tokensOf)] : [{ leaf: reply }]
}

/** The same with one count changed; a reply without a list stays as it is. */
function miscounted(tokens: readonly Token[], { list, bit }: WrongCount): Token[] {
  const lists = tokens.flatMap((token, at) => ('count' in token ? [at] : []))
  const victim = lists[list % lists.length]
  return tokens.map((token, at) => (at === victim && 'count' in token ? { count: token.count ^ (1 << bit) } : token))
}

function parse(
  tokens: readonly Token[],
  at: number,
): { readonly reply: Reply | ErrorReply; readonly next: number } | undefined {
  const token = tokens[at]
  if (token === undefined) return undefined
  if ('leaf' in token) return { reply: token.leaf, next: at + 1 }
  const elements: Reply[] = []
  let next = at + 1
  while (elements.length < token.count) {
    const read = parse(tokens, next)
    if (read === undefined) return undefined
    elements.push(read.reply as Reply)
    next = read.next
  }
  return { reply: elements, next }
}
