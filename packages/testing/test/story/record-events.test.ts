import { channel } from 'node:diagnostics_channel'
import { expect, test } from 'vitest'
import { narrate, recordEvents } from '../../src/index.ts'

const events = channel('granary:event')
const tell = (namespace: string, type: string, name: string) => events.publish({ namespace, type, name })

test('a recording hears every cache of the process until it is stopped', () => {
  const recording = recordEvents()
  tell('shop', 'entry-missed', 'user')
  tell('blog', 'entry-hit', 'post')
  recording.stop()
  tell('shop', 'entry-hit', 'user')
  expect(narrate(recording.events)).toBe(
    '1. entry-missed name=user namespace=shop\n2. entry-hit name=post namespace=blog',
  )
  expect(events.hasSubscribers).toBe(false)
})

test('a recording of one namespace hears that one alone, and can begin anew', () => {
  const recording = recordEvents({ namespace: 'shop' })
  tell('blog', 'entry-missed', 'post')
  tell('shop', 'entry-missed', 'user')
  expect(narrate(recording.events)).toBe('1. entry-missed name=user')
  recording.clear()
  tell('shop', 'entry-hit', 'user')
  expect(narrate(recording.events)).toBe('1. entry-hit name=user')
  recording.stop()
})

test('what is no event is not recorded', () => {
  const recording = recordEvents()
  events.publish('shop')
  events.publish({ namespace: 'shop' })
  expect(recording.events).toEqual([])
  recording.stop()
})
