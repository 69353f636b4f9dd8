import type { Change, Read } from '../oracle/timeline.ts'
import type { Verdict } from '../oracle/verdict.ts'

/** Which of the report's tables a request counts in. */
type Layer = 'account' | 'catalog' | 'chat' | 'admin'

/** A request before it is sent. */
export interface Call {
  readonly layer: Layer
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  /** A key's text, or undefined for routes that are open to all. */
  readonly token?: string
  readonly body?: object
  /** The address that the caller has, as the proxy in front says. */
  readonly address?: string
  /** Ask for a 304 when the content that the client holds is still current. */
  readonly conditional?: boolean
}

/** What came back, when and from which process. */
export interface Answer extends Read {
  readonly status: number
  /** The body; for a 304 the body that the client holds. */
  readonly text: string
  /** What `X-Cache` says of a chat answer. */
  readonly cached: string | undefined
  /** Milliseconds that the gateway spent on finding out who calls. */
  readonly authentication: number | undefined
}

/** A request that changes nothing, with what may answer it. */
export interface ReadOperation {
  readonly kind: 'read'
  readonly call: Call
  judge(answer: Answer): Verdict
}

/** A request that changes something. */
export interface ChangeOperation {
  readonly kind: 'change'
  readonly call: Call
  /** What it changes: two changes of one subject never run at the same time. */
  readonly subject: string
  /** Records in the world what the answer says has changed, and judges the answer itself. */
  settle(answer: Answer, change: Change): Verdict
  /** Reads that would show the change, to be sent right after it. */
  readonly witness?: () => ReadOperation
}

/** Something that traffic consists of. */
export type Operation = ReadOperation | ChangeOperation

/** The body of an answer as JSON, or undefined when it is none. */
export function bodyOf(answer: Answer): unknown {
  try {
    return JSON.parse(answer.text)
  } catch {
    return undefined
  }
}
