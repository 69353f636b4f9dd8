import { argumentsText, digestText } from '@granary/serialization'
import type { CanonicalRequest } from '../request/canonical-request.ts'
import { textOf } from '../request/chat-request.ts'
import { type Turn, turnsOf } from '../request/conversation.ts'
import { dependsOnHistory } from '../request/wording.ts'

/**
 * A verified link: this turn of a conversation, answered with `heard`, is as good as the turn `to`, answered with `said`, because
 * the two answers were compared and found equal.
 */
export interface TurnLink {
  readonly to: string
  /** Digest of the answer that this turn got. */
  readonly heard: string
  /** Digest of the answer that the other turn got. */
  readonly said: string
  readonly tags: readonly string[]
}

/** Reads the link of a turn. */
export type ReadLink = (turn: string) => Promise<TurnLink | undefined>

/** Conversations with more earlier turns than this are matched exactly. */
const MOST_TURNS = 12

/** Where a conversation's last turn stands: with what it may be compared, and by what its own link is found. */
export interface Standing {
  readonly scope: string
  /** Empty where links are not used. */
  readonly turn: string
}

/** What stands for an answer in links. */
export function answerDigest(answer: string): string {
  return digestText(answer)
}

/**
 * Where a request stands whose earlier turns match exactly or by their own verified links: each earlier turn is replaced by the
 * one it is linked to, so that conversations which said the same in other words meet in one scope. Where only an exact history
 * will do, it is the exact scope: there is none, the last turn depends on it, or the history is too long or no plain exchange of texts.
 */
export async function chainStanding(canonical: CanonicalRequest, read: ReadLink): Promise<Standing> {
  const { scope, frame, asked = '', history } = canonical
  const chain = await chainOf(canonical, read)
  if (chain === undefined) return { scope, turn: '' }
  const turn = turnOf(chain, asked)
  if (history.length === 0 || dependsOnHistory(asked)) return { scope, turn }
  return { scope: digestText(argumentsText(['chain', chain, frame])), turn }
}

async function chainOf({ root, history }: CanonicalRequest, read: ReadLink): Promise<string | undefined> {
  const turns = turnsOf(history)
  if (turns === undefined || turns.length > MOST_TURNS) return undefined
  let chain = root
  for (const turn of turns) {
    const next = await follow(chain, turn, read)
    if (next === undefined) return undefined
    chain = next
  }
  return chain
}

/** The name of a turn: what was asked, where. */
function turnOf(chain: string, asked: string): string {
  return digestText(argumentsText(['turn', chain, asked]))
}

async function follow(chain: string, { asked, said }: Turn, read: ReadLink): Promise<string | undefined> {
  const [answer, more] = said
  const question = textOf(asked)
  const heard = answer === undefined || answer.role !== 'assistant' ? undefined : textOf(answer)
  if (question === undefined || heard === undefined || more !== undefined) return undefined
  const turn = turnOf(chain, question)
  const link = await read(turn)
  const own = answerDigest(heard)
  const same = link !== undefined && link.heard === own ? { turn: link.to, answer: link.said } : { turn, answer: own }
  return digestText(argumentsText(['link', same.turn, same.answer]))
}
