import { createHash } from 'node:crypto'
import type { ReadAnswer } from '../connection/answers.ts'
import { type Connection, isNoScript } from '../connection/connection.ts'

/** What commands are sent by: a connection, or one that announces each of them. */
export type Commander = Pick<Connection, 'call'>

/** A Lua script, sent by its digest and whole only when the server does not know it. */
export interface Script {
  readonly name: string
  readonly source: string
  readonly digest: string
}

/** Names a script. */
export function defineScript(name: string, source: string): Script {
  return { name, source, digest: createHash('sha1').update(source).digest('hex') }
}

/** What a script is run with. */
export interface ScriptCall {
  readonly keys: readonly string[]
  readonly args: readonly (string | Uint8Array | number)[]
  /** Monotonic milliseconds. */
  readonly deadline: number
  /** Whether a caller waits for it. Default: true. */
  readonly isAwaited?: boolean
}

/** Runs a script and reads its answer; after a restart or SCRIPT FLUSH it is sent again within the same deadline. */
export async function runScript<T>(
  connection: Commander,
  script: Script,
  { keys, args, deadline, isAwaited = true }: ScriptCall,
  read: ReadAnswer<T>,
): Promise<T> {
  const rest = [keys.length, ...keys, ...args]
  try {
    return await connection.call('EVALSHA', [script.digest, ...rest], deadline, { isAwaited, read })
  } catch (error) {
    if (!isNoScript(error)) throw error
    return connection.call('EVAL', [script.source, ...rest], deadline, { isAwaited, read })
  }
}
