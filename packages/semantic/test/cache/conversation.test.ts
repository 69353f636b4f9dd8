import { expect, test } from 'vitest'
import { stage } from '../stage.ts'

const user = (content: string) => ({ role: 'user', content })
const assistant = (content: string) => ({ role: 'assistant', content })

const LIMITS = 'Which limits does the small plan have?'
const LIMITS_AGAIN = 'Please name all limits of the small plan'
const UPGRADE = 'How do I upgrade my workspace to the large plan?'
const UPGRADE_AGAIN = 'how do i upgrade my workspace to the large plan'

/** Both ways to ask for the limits are answered alike, so that comparing the answers links them. */
async function conversation(context: 'none' | 'exact' | 'chain', answers = ['Ten seats.', 'Ten seats.']) {
  const on = stage({ context, match: { threshold: 0.95 } })
  const [first, second] = answers as [string, string]
  on.model.answer = () => first
  await on.ask(LIMITS)
  on.model.answer = () => second
  const again = await on.ask(LIMITS_AGAIN)
  expect(again.decision).toMatchObject({ source: 'model', refused: 'unsure' })
  on.model.answer = (text) => `answer to ${text}`
  const goOn = (earlier: readonly object[], content: string) => on.ask('', { messages: [...earlier, user(content)] })
  return { ...on, goOn }
}

const FIRST = [user(LIMITS), assistant('Ten seats.')]
const SECOND = [user(LIMITS_AGAIN), assistant('Ten seats.')]

test('exact: a conversation is answered by meaning after the same turns, and after no others', async () => {
  const { goOn } = await conversation('exact')
  await goOn(FIRST, UPGRADE)
  expect((await goOn(FIRST, UPGRADE_AGAIN)).decision.source).toBe('semantic')
  expect((await goOn(SECOND, UPGRADE_AGAIN)).decision.source).toBe('model')
})

test('chain: turns whose answers were found equal are the same turn', async () => {
  const { goOn } = await conversation('chain')
  await goOn(FIRST, UPGRADE)
  expect((await goOn(SECOND, UPGRADE_AGAIN)).decision.source).toBe('semantic')
})

test('chain: turns whose answers differ are not, however near they are', async () => {
  const { goOn } = await conversation('chain', ['Ten seats.', 'Five seats.'])
  await goOn(FIRST, UPGRADE)
  expect((await goOn([user(LIMITS_AGAIN), assistant('Five seats.')], UPGRADE_AGAIN)).decision.source).toBe('model')
})

test('chain: an answer that the model did not give breaks the link', async () => {
  const { goOn } = await conversation('chain')
  await goOn(FIRST, UPGRADE)
  expect((await goOn([user(LIMITS_AGAIN), assistant('Ten thousand seats.')], UPGRADE_AGAIN)).decision.source).toBe(
    'model',
  )
})

test('chain: a turn that points back is answered after the very same turns only', async () => {
  const { goOn } = await conversation('chain')
  await goOn(FIRST, 'How do I get more of them in my plan?')
  expect((await goOn(FIRST, 'how do i get more of them in my plan')).decision.source).toBe('semantic')
  expect((await goOn(SECOND, 'how do i get more of them in my plan?')).decision.source).toBe('model')
})

test('none: a conversation that goes on is answered exactly or by the model', async () => {
  const { goOn } = await conversation('none')
  await goOn(FIRST, UPGRADE)
  expect((await goOn(FIRST, UPGRADE_AGAIN)).decision).toMatchObject({ source: 'model', refused: 'history' })
  expect((await goOn(FIRST, UPGRADE)).decision.source).toBe('exact')
})

test('chain: a bad report takes the link away', async () => {
  const { goOn, semantic } = await conversation('chain')
  await goOn(FIRST, UPGRADE)
  const hit = await goOn(SECOND, UPGRADE_AGAIN)
  expect(hit.decision.source).toBe('semantic')
  await semantic.feedback(hit.decision.id, 'bad')
  expect((await goOn(SECOND, UPGRADE_AGAIN)).decision).toMatchObject({ source: 'model', refused: 'reported' })
})
