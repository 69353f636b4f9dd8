import { expect, test } from 'vitest'
import { ChatLedger, chatsBetween } from '../demo/oracle/chat-ledger.ts'
import { meaningOf, WORDINGS } from '../demo/traffic/questions.ts'
import { answerTo } from '../src/chat/fake-provider.ts'

const answer = (id: string, userId: number, cached: string, isRight = true) => ({ id, userId, cached, isRight })

test('an answer that was made for another user is wrong, whichever of the two is seen first and however it was found', () => {
  for (const cached of ['HIT', 'SEMANTIC', 'MISS']) {
    const ledger = new ChatLedger()
    expect(ledger.note(answer('a1', 1, 'MISS')).kind).toBe('right')
    expect(ledger.note(answer('a1', 1, 'HIT')).kind).toBe('right')
    expect(ledger.note(answer('a1', 2, cached)).kind).toBe('wrong')
    expect(ledger.counts.strangers).toBe(1)
  }
})

test("another question's answer is counted where it was found by meaning, and wrong where it was not", () => {
  const ledger = new ChatLedger()
  const before = ledger.counts
  expect(ledger.note(answer('a1', 1, 'MISS', false)).kind).toBe('wrong')
  expect(ledger.note(answer('a1', 1, 'HIT', false)).kind).toBe('wrong')
  expect(ledger.note(answer('a1', 1, 'SEMANTIC', false)).kind).toBe('right')
  expect(ledger.note(answer('a1', 1, 'SEMANTIC')).kind).toBe('right')
  const counted = chatsBetween(before, ledger.counts)
  expect(counted).toEqual({ exact: 1, semantic: 2, model: 1, mistaken: 1, strangers: 0 })
})

test('wordings of one question get one answer, and those of different ones do not', () => {
  const said = (content: string) =>
    answerTo({ model: 'm', messages: [{ role: 'user', content }] }, meaningOf).words.join(' ')
  const answers = new Map(WORDINGS.map((wording) => [wording, said(wording)]))
  expect(new Set(WORDINGS.map(meaningOf)).size).toBe(WORDINGS.length / 4)
  expect(new Set(answers.values()).size).toBe(WORDINGS.length / 4)
  expect(meaningOf('anything else')).toBe('anything else')
})
