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
    ['Set an alarm for 7 a.m.', 'Set an alarm for 7 p.m.'],
    ['How do I give access?', 'How do I get access?'],
  ])('%s and %s disagree', (one, other) => expect(veto(one, other)).toBe('polarity'))

  test.each([
    ["It's not fat", 'It is thin'],
    ["I can't log in", 'I am unable to log in'],
    ['It is not wrong', 'It is right'],
    ['Nothing works without it', 'Nothing works without it now'],
    ['Give me a list', 'Get me a list'],
  ])('%s and %s agree', (one, other) => expect(veto(one, other)).toBeUndefined())
})

describe('a small difference is guarded until it is known to be immaterial:', () => {
  test.each([
    ['name', 'What is the capital of France?', 'What is the capital of Germany?'],
    ['exchange', 'how do I clean a carpet', 'how do I clean a kettle'],
    ['apart', 'Should I hire people now?', 'Should I accept the job offer?'],
    ['role', 'flights from New York to Florida', 'flights from Florida to New York'],
    ['role', 'I want a flight to go from Oslo', 'I want a flight to go to Oslo'],
    ['role', 'What is my name?', 'What is your name?'],
    ['role', 'Increase the volume by 10', 'Increase the volume to 10'],
    ['order', 'Does stress cause insomnia?', 'Does insomnia cause stress?'],
    ['order', 'I want to convert JSON to YAML', 'Convert YAML to JSON'],
    ['order', 'Who did Anna invite?', 'Who did invite Anna?'],
    ['order', 'Did the Goths conquer Rome?', 'Were the Goths conquered by Rome?'],
    ['order', 'What is 10 minus 4?', 'What is 4 minus 10?'],
    ['order', 'Book 2 rooms for 3 nights', 'Book 3 rooms for 2 nights'],
    ['order', 'Set the price of the desk to that of the lamp', 'Set the price of the lamp to that of the desk'],
    ['tense', 'Did my payment arrive?', 'Will my payment arrive?'],
    ['tense', 'Who opens the store?', 'Who opened the store?'],
    ['tense', 'Has the train arrived?', 'Will the train arrive?'],
    ['question', 'Who directed Jaws?', 'When was Jaws directed?'],
    ['question', 'Was the museum open?', 'When does the museum open?'],
    ['quantity', 'Do all birds fly?', 'Do some birds fly?'],
    ['quantity', 'Show only paid invoices', 'Show paid invoices'],
    ['modality', 'Must employees wear a badge?', 'May employees wear a badge?'],
    ['modality', 'Can I take it with alcohol?', 'Should I take it with alcohol?'],
    ['denial', 'Not everybody may invite friends', 'Everybody may not invite friends'],
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
    ['What is the price of gold?', "What's the gold price?"],
    ['Which planet is the largest?', 'What is the largest planet?'],
    ['In France, what is the legal drinking age?', 'What is the legal drinking age in France?'],
    ['Send 50 euros to Anna', 'Send Anna 50 euros'],
    ['What is the price of bread and milk?', 'What is the price of milk and bread?'],
    ['Turn off the lights', 'Turn the lights off'],
    ['What time does the shop open?', 'When does the shop open?'],
    ['Why is my card blocked?', 'How come my card is blocked?'],
    ["Why won't my card work?", 'Why does my card not work?'],
    ['I was charged twice', 'I have been charged twice'],
    ['My card was declined', 'My card got declined'],
    ['How do I change my PIN?', 'How can my PIN be changed?'],
    ['What should I do to get a refund?', 'How do I get a refund?'],
    ["What do I do when I can't find my phone?", 'What do I do if I am unable to find my phone?'],
  ])('the same in other words is not: %s / %s', (one, other) => expect(guard(one, other)).toBeUndefined())
})

test('a text without words has nothing to differ in', () => {
  expect([veto('', '🙂'), guard('', '🙂')]).toEqual([undefined, undefined])
})
