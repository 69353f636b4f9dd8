import { type Fault, repeat, type Scene } from './fault.ts'

/** The keys of the entries that are stored now. */
async function entriesOf({ redis, namespace }: Scene): Promise<string[]> {
  return (await redis.command('KEYS', `${namespace}:*`)) as string[]
}

/** Changes every stored frame, again and again. */
function damaged(name: string, damage: (frame: Buffer) => Buffer): Fault {
  return {
    name,
    begin: async (scene) =>
      repeat(50, async () => {
        for (const key of await entriesOf(scene)) {
          const frame = await scene.redis.commandBytes('GET', key)
          if (frame instanceof Uint8Array && frame.length > HEADER)
            await scene.redis.command('SET', key, damage(Buffer.from(frame)), 'XX', 'KEEPTTL')
        }
      }),
  }
}

const REPLACE = `redis.call('DEL', KEYS[1]) return redis.call('RPUSH', KEYS[1], 'not ours')`

/** A placeholder is no longer than a header. */
const HEADER = 48

function flipped(frame: Buffer): Buffer {
  const at = HEADER + Math.floor((frame.length - HEADER) / 2)
  frame[at] = (frame[at] as number) ^ 0x10
  return frame
}

function ofTomorrow(frame: Buffer): Buffer {
  frame[1] = 99
  return frame
}

const sealedWith = (text: string) => ({ encrypt: { keys: [{ id: text, key: Buffer.alloc(32, text) }] } })

/** What stands under our keys. */
export const STORED: readonly Fault[] = [
  damaged('truncated frames', (frame) => frame.subarray(0, Math.floor(frame.length * 0.7))),
  damaged('bit-flipped frames', flipped),
  damaged('frames of a newer version', ofTomorrow),
  { name: 'wrong encryption key', options: (which) => sealedWith(which) },
  {
    name: 'WRONGTYPE at our keys',
    begin: async (scene) => {
      const stop = repeat(50, async () => {
        for (const each of await entriesOf(scene)) {
          await scene.redis.command('EVAL', REPLACE, '1', each)
        }
      })
      return async () => {
        await stop()
        for (const each of await entriesOf(scene)) await scene.redis.command('DEL', each)
      }
    },
  },
  {
    name: 'huge value',
    begin: async (scene) => {
      let turn = 0
      return repeat(400, async () => {
        const hot = (await entriesOf(scene)).filter((each) => each.includes(':hot:')).toSorted()
        const key = hot[turn++ % Math.max(1, hot.length)]
        if (key !== undefined) await scene.redis.command('SETRANGE', key, scene.hugeBytes - 1, 'x')
      })
    },
  },
]
