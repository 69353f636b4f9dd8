import { describe, expect, test } from 'vitest'
import { guardOf, vetoOf } from '../../src/text/guards.ts'
import { profileOf } from '../../src/text/profile.ts'

const nothing = () => false
const veto = (one: string, other: string) => vetoOf(profileOf(one), profileOf(other))
const guard = (one: string, other: string, covers: (stem: string) => boolean = nothing) =>
  guardOf(profileOf(one), profileOf(other), covers)

describe('what is exact vetoes when it differs:', () => {
  test.each([
    ['numbers', 'Send 10 USD to Bob', 'Send 100 USD to Bob'],
    ['numbers', 'Give me three ideas', 'Give me four ideas'],
    ['numbers', 'Is Python 3.1 supported?', 'Is Python 3.10 supported?'],
    ['units', 'Convert 10 USD', 'Convert 10 EUR'],
    ['units', 'Is 5 g of salt too much?', 'Is 5 kg of salt too much?'],
    ['dates', 'meeting on Monday', 'meeting on Tuesday'],
    ['dates', 'Remind me at 9:00', 'Remind me at 9:30'],
    ['dates', 'Did it rain last week?', 'Did it rain last month?'],
    ['quotes', 'Translate "good morning"', 'Translate "good night"'],
    ['addresses', 'Open https://example.com/a', 'Open https://example.com/b'],
    ['addresses', 'Read ./src/index.ts', 'Read ./src/main.ts'],
    ['identifiers', 'rename getUser', 'rename getUsers'],
    ['identifiers', 'What is order A-123?', 'What is order A-124?'],
  ])('%s: %s / %s', (reason, one, other) => {
    expect([veto(one, other), veto(other, one)]).toEqual([reason, reason])
  })

  test.each([
    ['Write me 2 lines', 'write me two lines'],
    ['10kg in pounds', '10 kg in pounds'],
    ['How do I transfer $40?', 'how can I transfer 40 dollars'],
    ['It cost 3,000 euros', 'it cost 3000 EUR'],
    ['See me on Monday', 'see me on monday'],
  ])('and does not when it is only spelled otherwise: %s / %s', (one, other) => {
    expect(veto(one, other)).toBeUndefined()
  })
})

describe('denials are counted by parity:', () => {
  test.each([
    ['Is it safe to eat?', 'Is it not safe to eat?'],
    ['turn on dark mode', 'turn off dark mode'],
    ['Is the app available', 'Is the app unavailable'],
    ['travel with a visa', 'travel without a visa'],
    ["I can't log in", 'I can log in'],
  ])('%s and %s disagree', (one, other) => expect(veto(one, other)).toBe('polarity'))

  test.each([
    ["It's not fat", 'It is thin'],
    ["I can't log in", 'I am unable to log in'],
    ['It is not wrong', 'It is right'],
    ['Nothing works without it', 'Nothing works without it now'],
  ])('%s and %s agree', (one, other) => expect(veto(one, other)).toBeUndefined())
})

describe('a small difference is guarded until it is known to be immaterial:', () => {
  test.each([
    ['name', 'What is the capital of France?', 'What is the capital of Germany?'],
    ['exchange', 'how do I clean a carpet', 'how do I clean a kettle'],
    ['order', 'flights from New York to Florida', 'flights from Florida to New York'],
    ['tense', 'Did my payment arrive?', 'Will my payment arrive?'],
    ['question', 'Who directed Jaws?', 'When was Jaws directed?'],
    ['question', 'Was the museum open?', 'When does the museum open?'],
  ])('%s: %s / %s', (reason, one, other) => {
    expect([guard(one, other), guard(other, one)]).toEqual([reason, reason])
  })

  test('a word that another text of the same answer has is no longer strange', () => {
    const [one, other] = ['how do I clean a carpet', 'how do I clean a kettle']
    expect(guard(one, other, (stem) => stem === 'carpet')).toBeUndefined()
  })

  test.each([
    ['How do I reset my password?', 'How can I reset my password please'],
    ['I want to purchase a car', 'I want to buy a car'],
    ['How do I cancel my subscription?', 'how do i cancel my subscripton'],
  ])('the same in other words is not: %s / %s', (one, other) => expect(guard(one, other)).toBeUndefined())
})

test('a text without words has nothing to differ in', () => {
  expect([veto('', '🙂'), guard('', '🙂')]).toEqual([undefined, undefined])
})
