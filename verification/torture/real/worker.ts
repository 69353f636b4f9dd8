// A process of the application. It is told by its director what to do, does it at the times told, and writes down what happened.
import type { Redis } from 'ioredis'
import type { Record } from '../history/record.ts'
import { openerOf } from '../libraries/list.ts'
import { ApplicationProcess } from './application-process.ts'
import type { Opening, Order, Told } from './messages.ts'
import { RemoteDatabase } from './remote-database.ts'
import { RemoteJar } from './remote-jar.ts'
import { sharedNow } from './shared-time.ts'
import { SkewedClock, skewDate } from './skewed-clock.ts'

/** A timer this late says that the process did not get to run. */
const LATE = 50
/** How often what happened is sent to the director, in milliseconds. */
const SEND_EVERY = 10

const opened: ApplicationProcess[] = []
let written: Record[] = []
let client: Redis | undefined

function tell(told: Told): void {
  process.send?.(told)
}

function sendRecords(): void {
  if (written.length === 0) return
  tell({ kind: 'wrote', records: written })
  written = []
}

async function open(opening: Opening): Promise<void> {
  const { library, mode, namespace, port, redis, skew } = opening
  client ??= RemoteDatabase.connect(opening.databasePort)
  skewDate(skew)
  const clock = new SkewedClock(skew)
  const home = { namespace, mode, host: '127.0.0.1', port, redis, clock }
  opened.push(
    await ApplicationProcess.open(opening, {
      open: () => openerOf(library)(home),
      database: new RemoteDatabase(client, namespace),
      jar: new RemoteJar(client, namespace),
      write: (record) => written.push(record),
    }),
  )
}

async function carryOut(order: Order): Promise<void> {
  switch (order.kind) {
    case 'open':
      return open(order)
    case 'settle':
      await Promise.all(opened.map((each) => each.settle(order.within)))
      return
    case 'look':
      for (const each of opened) each.look(order.entries)
      return
    case 'close':
      await Promise.all(opened.splice(0).map((each) => each.close(order.within)))
  }
}

process.on('message', ({ order, number }: { order: Order; number: number }) => {
  carryOut(order).then(
    () => {
      sendRecords()
      tell({ kind: 'done', order: number })
    },
    (error) => {
      sendRecords()
      tell({ kind: 'done', order: number, error: String(error) })
    },
  )
})

// Libraries that leave a promise behind must not end the process: what they owe their callers is what is looked at.
process.on('unhandledRejection', () => {})
process.on('uncaughtException', () => {})
process.on('disconnect', () => process.exit())

let due = sharedNow() + SEND_EVERY
setInterval(() => {
  if (sharedNow() - due > LATE) for (const each of opened) each.disturb()
  due = sharedNow() + SEND_EVERY
  sendRecords()
}, SEND_EVERY)

tell({ kind: 'ready' })
