import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Listener } from '../../src/faults/listener.ts'
import { freePort } from '../../src/redis/free-port.ts'

/** Takes a port, until the returned function is called. */
async function occupy(port: number): Promise<() => Promise<void>> {
  const other = createServer()
  other.listen({ host: '127.0.0.1', port })
  await once(other, 'listening')
  return () => new Promise((resolve) => other.close(() => resolve()))
}

test('a port that another program has taken meanwhile is opened again when it is free', async () => {
  const listener = new Listener({ host: '127.0.0.1', port: await freePort() }, (socket) => socket.destroy())
  await listener.open()
  await listener.close()
  const leave = await occupy(listener.port)
  let isOpen = false
  const opening = listener.open().then(() => {
    isOpen = true
  })
  await wait(120)
  expect(isOpen).toBe(false)
  await leave()
  await opening
  await listener.close()
})

test('a port that is taken from the beginning is refused at once', async () => {
  const port = await freePort()
  const leave = await occupy(port)
  const listener = new Listener({ host: '127.0.0.1', port }, (socket) => socket.destroy())
  await expect(listener.open()).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await leave()
})
