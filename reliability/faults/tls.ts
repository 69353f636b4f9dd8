import { connect } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { startRedis } from '@granary/testing'
import type { Fault, Playground } from './fault.ts'

const TERMS = { ciphers: 'PSK-AES128-GCM-SHA256', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
const OURS = Buffer.alloc(16, 1)
const THEIRS = Buffer.alloc(16, 2)

/** A server behind TLS whose key is changed, and changed back. Keys shared beforehand need no certificates. */
export const TLS_KEY: Fault = { name: 'TLS key changed', playground: startBehindTls }

async function startBehindTls(): Promise<Playground> {
  const redis = await startRedis()
  const open = new Set<TLSSocket>()
  let key: typeof OURS = OURS
  const front = createServer({ ...TERMS, pskCallback: () => key }, (socket) => {
    open.add(socket)
    const server = connect({ host: redis.host, port: redis.port, noDelay: true })
    socket.pipe(server).pipe(socket)
    const end = () => {
      open.delete(socket)
      socket.destroy()
      server.destroy()
    }
    for (const each of [socket, server]) each.on('error', end).on('close', end)
  })
  front.on('tlsClientError', () => {})
  const change = (to: typeof OURS) => {
    key = to
    for (const socket of open) socket.destroy()
  }
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  const { port } = front.address() as { port: number }
  const tls = { ...TERMS, pskCallback: () => ({ psk: OURS, identity: 'cache' }), checkServerIdentity: () => undefined }
  return {
    namespace: 'behind-tls',
    client: { host: '127.0.0.1', port, tls },
    begin: async () => {
      change(THEIRS)
      return async () => change(OURS)
    },
    stop: async () => {
      change(OURS)
      front.close()
      await redis.stop()
    },
  }
}
