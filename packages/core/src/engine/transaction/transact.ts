import { runInScope, transactionOf } from '../../flight/call-scope.ts'
import { Transaction } from '../../invalidation/transaction.ts'
import { type Outbox, writeBody } from '../../outbox/outbox.ts'
import type { Engine } from '../engine.ts'
import { sendTargets } from '../invalidate.ts'

/** A transaction of the cache, as the code inside it sees it. */
export interface CacheTransaction {
  /**
   * Writes what has been invalidated so far to an outbox, in the database transaction of `client`: call it last before the
   * commit. From then on a crash loses nothing. May be called again after more was invalidated.
   */
  save<Client>(outbox: Outbox<Client>, client: Client): Promise<void>
}

/**
 * Runs `run` and sends what it invalidated once it has resolved; drops it when it rejects. Inside another transaction of the
 * same cache nothing is sent and nothing dropped: whether the database took back what an inner transaction did, only the outer
 * one's end decides, and an invalidation too many costs a miss.
 */
export async function transact<T>(
  engine: Engine,
  namespace: string,
  run: (transaction: CacheTransaction) => Promise<T>,
): Promise<T> {
  const around = transactionOf(engine.owner)
  const transaction = new Transaction(around)
  const handle: CacheTransaction = {
    save: async (outbox, client) => {
      const { unsaved } = transaction
      if (unsaved.keys.length + unsaved.members.length === 0) return
      const id = await outbox.save(client, { namespace, body: writeBody(unsaved) })
      transaction.saved({ outbox, id }, unsaved)
    },
  }
  try {
    const result = await runInScope(engine.owner, 'transaction', async () => run(handle), { transaction })
    transaction.ended = true
    if (around === undefined) await send(engine, transaction)
    return result
  } finally {
    transaction.ended = true
    around?.absorb(transaction)
  }
}

async function send(engine: Engine, transaction: Transaction): Promise<void> {
  const { targets, unsaved, rows, required } = transaction
  if (targets.keys.length + targets.members.length === 0) return
  if (rows.length > 0 && unsaved.keys.length + unsaved.members.length > 0)
    engine.telemetry.emit({ type: 'advice-given', advice: SAVED_TOO_EARLY })
  const receipt = await sendTargets(engine, targets, required)
  if (receipt.delivered && rows.length > 0) engine.background.run('outbox', remove(engine, transaction))
}

const SAVED_TOO_EARLY =
  'A transaction invalidated something after it had written its outbox: a crash before it is sent would lose that. Call save() last before the commit.'

/** Rows that stay behind are delivered once more: too often is harmless. */
async function remove({ telemetry }: Engine, { rows }: Transaction): Promise<void> {
  try {
    for (const { outbox, id } of rows) await outbox.remove([id])
  } catch (cause) {
    telemetry.emit({ type: 'outbox-failed', cause })
  }
}
