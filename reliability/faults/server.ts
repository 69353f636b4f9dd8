import { Redis } from 'ioredis'
import { type Fault, repeat, type Scene } from './fault.ts'

/** Ends every connection of the caches, so that they have to come back. */
async function dropClients({ redis }: Scene): Promise<void> {
  await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await redis.command('CLIENT', 'KILL', 'TYPE', 'normal')
}

function refusing(name: string, parameter: string, value: string | number): Pick<Fault, 'name' | 'begin'> {
  return {
    name,
    begin: async (scene) => {
      const before = (await scene.redis.config.get(parameter)) ?? ''
      await scene.redis.config.set(parameter, value)
      await dropClients(scene)
      return () => scene.redis.config.set(parameter, before)
    },
  }
}

const FILL = `for i = 1, 3000 do redis.call('SET', 'filler:' .. i, string.rep('x', 1000)) end`

/** What the server itself does. */
export const SERVER: readonly Fault[] = [
  {
    name: 'SIGSTOP, SIGCONT',
    begin: async ({ redis }) => {
      await redis.pause()
      return () => redis.resume()
    },
  },
  {
    name: 'kill, restart empty',
    begin: async ({ redis }) => {
      await redis.kill()
      return () => redis.restart()
    },
  },
  {
    name: 'kill, restart with old data',
    server: { persist: true },
    begin: async ({ redis }) => {
      await redis.command('SAVE')
      await new Promise((resolve) => setTimeout(resolve, 200))
      await redis.kill()
      return () => redis.restart()
    },
  },
  {
    name: 'LOADING',
    server: { persist: true, args: ['--key-load-delay', '400', '--loading-process-events-interval-bytes', '1024'] },
    begin: async ({ redis }) => {
      await redis.command('EVAL', FILL, '0')
      const back = redis.restart()
      back.catch(() => {})
      return () => back
    },
  },
  {
    name: 'READONLY',
    begin: async ({ redis }) => {
      await redis.command('REPLICAOF', '127.0.0.1', '1')
      return () => redis.command('REPLICAOF', 'NO', 'ONE')
    },
  },
  {
    name: 'BUSY script',
    server: { args: ['--lua-time-limit', '50'] },
    begin: async ({ redis }) => {
      const other = new Redis(redis.url)
      other.on('error', () => {})
      const script = other.eval('while true do end', 0).catch(() => {})
      return async () => {
        await redis.command('SCRIPT', 'KILL')
        await script
        other.disconnect()
      }
    },
  },
  {
    name: 'OOM, noeviction',
    begin: async ({ redis }) => {
      await redis.config.set('maxmemory', 1)
      return () => redis.config.set('maxmemory', 0)
    },
  },
  refusing('NOAUTH', 'requirepass', 'secret'),
  {
    ...refusing('WRONGPASS', 'requirepass', 'another'),
    server: { password: 'first' },
    client: ({ proxy }) => `redis://:first@${proxy.host}:${proxy.port}`,
  },
  refusing('too many clients', 'maxclients', 1),
  { name: 'wrong database', client: ({ proxy }) => `${proxy.url}/99` },
  {
    name: 'SCRIPT FLUSH',
    begin: async ({ redis }) => repeat(10, () => redis.command('SCRIPT', 'FLUSH')),
  },
  {
    name: 'FLUSHALL',
    begin: async ({ redis }) => repeat(200, () => redis.command('FLUSHALL')),
  },
  {
    name: 'clock evicted',
    begin: async ({ redis, namespace }) => repeat(200, () => redis.command('DEL', `{${namespace}}:clk`)),
  },
  {
    name: 'tag records evicted',
    begin: async ({ redis, namespace }) => repeat(200, () => redis.command('DEL', `{${namespace}}:tags`)),
  },
]
