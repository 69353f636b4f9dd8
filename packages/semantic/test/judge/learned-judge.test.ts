import { describe, expect, test } from 'vitest'
import {
  type JudgeInput,
  type Label,
  type LearnedJudge,
  learnedJudge,
  type Neighbour,
  type Verdict,
} from '../../src/index.ts'

const TEXT = 'how do I cancel my subscription'

/** An entry that is as near as told, of an answer of its own. */
function entry(similarity: number, id = 'near', text = 'how can I cancel my subscription please'): Neighbour {
  return { id, text, answer: id, tags: [], similarity }
}

function input(neighbours: readonly Neighbour[], more: Partial<JudgeInput> = {}): JudgeInput {
  return { group: 'group', scope: 'scope', text: TEXT, neighbours, now: 0, chance: 0.99, ...more }
}

/** Requests whose nearest entry is right where it is nearer than 0.9 and no other is as near. */
function taught(
  judge: LearnedJudge,
  count: number,
  isRight = (similarity: number) => similarity > 0.9,
  group = 'group',
): void {
  for (let at = 0; at < count; at++) {
    const similarity = 0.7 + 0.3 * ((at * 0.618) % 1)
    const isAlone = at % 3 !== 0
    const neighbours = [entry(similarity, `e${at}`), entry(isAlone ? 0.6 : similarity - 0.005, 'other')]
    const verdict = judge.judge(input(neighbours, { group, chance: (at * 0.377) % 1 }))
    if (verdict.action === 'ask' && verdict.trial !== undefined)
      judge.learn({ trial: verdict.trial, correct: isAlone && isRight(similarity), source: 'comparison' })
  }
}

const reason = (verdict: Verdict) => (verdict.action === 'serve' ? 'served' : verdict.reason)

test('without evidence nothing is served, however near', () => {
  const judge = learnedJudge({ maxWrongPerHit: 0.1 })
  expect(reason(judge.judge(input([])))).toBe('no-neighbour')
  expect(reason(judge.judge(input([entry(1)])))).toBe('shadow')
  expect(judge.report()).toMatchObject([{ state: 'shadow', labels: 0, needed: 60 + 41 }])
})

test.each([
  [0.2, 0],
  [0.1, 0],
  [0.05, 25],
  [0.02, 25],
])(
  'at a bound of %d it serves after as many right answers as it says it needs, or one more fit',
  (maxWrongPerHit, fit) => {
    const judge = learnedJudge({ maxWrongPerHit })
    const near = (at: number) => input([entry(0.97 + (at % 7) * 0.004, `e${at}`), entry(0.6, 'far')])
    let labels = 0
    for (;;) {
      const { action, trial } = judge.judge(near(labels))
      if (action === 'serve' || trial === undefined || labels > 1_000) break
      judge.learn({ trial, correct: true, source: 'comparison' })
      labels += 1
    }
    const [{ needed } = { needed: 0 }] = judge.report()
    expect(labels).toBeGreaterThanOrEqual(needed)
    expect(labels).toBeLessThanOrEqual(needed + fit)
  },
)

test('with evidence, what is near enough is served, and the rest is not', () => {
  const judge = learnedJudge({ maxWrongPerHit: 0.1 })
  taught(judge, 600)
  expect(reason(judge.judge(input([entry(0.99), entry(0.6, 'far')])))).toBe('served')
  expect(reason(judge.judge(input([entry(0.72), entry(0.6, 'far')])))).toBe('unsure')
  const [report] = judge.report()
  expect(report?.state).toBe('serving')
  expect(report?.threshold?.bound).toBeLessThanOrEqual(0.1)
})

test('a near entry with another answer is a reason to ask', () => {
  const judge = learnedJudge({ maxWrongPerHit: 0.1 })
  taught(judge, 600)
  expect(reason(judge.judge(input([entry(0.97), entry(0.969, 'rival')])))).toBe('unsure')
  const sibling = { ...entry(0.969, 'sibling'), answer: 'near' }
  expect(reason(judge.judge(input([entry(0.97), sibling, entry(0.6, 'far')])))).toBe('served')
})

test('where answers do not follow from nearness nothing is ever served', () => {
  const judge = learnedJudge({ maxWrongPerHit: 0.05 })
  let at = 0
  taught(judge, 1_500, () => at++ % 3 !== 0)
  expect(judge.report()[0]?.state).toBe('shadow')
  expect(reason(judge.judge(input([entry(0.999)])))).toBe('shadow')
})

test('a threshold is not served from until requests that came after it have proved it right', () => {
  const judge = learnedJudge({ maxWrongPerHit: 0.1 })
  const near = input([entry(0.99), entry(0.6, 'far')])
  taught(judge, 200)
  expect(judge.report()[0]?.threshold?.bound).toBeLessThanOrEqual(0.1)
  expect(judge.report()[0]?.state).toBe('shadow')
  const verdict = judge.judge(near)
  expect(verdict).toMatchObject({ reason: 'shadow', trial: { stance: 'explored', propensity: 1 } })
  taught(judge, 400)
  expect(judge.report()[0]?.state).toBe('serving')
  expect(reason(judge.judge(near))).toBe('served')
})

test('a threshold that owes itself to a lucky past is never served from', () => {
  const judge = learnedJudge({ maxWrongPerHit: 0.1 })
  let [lucky, asked] = [0, 0]
  for (let at = 0; at < 1_500; at++) {
    const verdict = judge.judge(input([entry(0.99, `e${at}`), entry(0.6, 'far')], { chance: (at * 0.377) % 1 }))
    if (verdict.action === 'serve') throw new Error(`served after ${at}`)
    const { trial } = verdict
    if (trial === undefined) continue
    if (trial.stance === 'explored') asked += 1
    else lucky += 1
    // What comes after the choice is wrong as often as is allowed, or a little more.
    judge.learn({ trial, correct: trial.stance !== 'explored' || asked % 8 !== 0, source: 'comparison' })
  }
  expect(lucky).toBeGreaterThan(0)
  expect(asked).toBeGreaterThan(0)
})

test('what is vetoed is never served, whatever was learned, and says why', () => {
  const judge = learnedJudge({ maxWrongPerHit: 0.1 })
  taught(judge, 600)
  for (const text of [
    'how do I cancel my 2 subscriptions',
    'how do I not cancel my subscription',
    'how do I cancel my appointment',
  ]) {
    const verdict = judge.judge(input([entry(0.999)], { text }))
    expect(verdict).toMatchObject({ action: 'ask', reason: 'veto', trial: undefined })
    expect(verdict.action === 'ask' && verdict.veto).toBeTruthy()
  }
})

test('a guard that parts a text from the nearest entry falls when another entry of the same answer says what the text says', () => {
  const judge = learnedJudge({ maxWrongPerHit: 0.1 })
  taught(judge, 600)
  const text = 'will my subscription be cancelled'
  const nearest = entry(0.99, 'near', 'was my subscription cancelled')
  expect(judge.judge(input([nearest], { text }))).toMatchObject({ action: 'ask', veto: 'tense' })
  const sibling = { ...entry(0.95, 'sibling', 'will my subscription get cancelled please'), answer: 'near' }
  const served = judge.judge(input([nearest, sibling, entry(0.6, 'far')], { text }))
  expect([served.action, served.entry?.id]).toEqual(['serve', 'sibling'])
  const stranger = { ...sibling, answer: 'stranger' }
  expect(judge.judge(input([nearest, stranger, entry(0.6, 'far')], { text })).action).toBe('ask')
  const vague = { ...entry(0.95, 'vague', 'the plan that I pay every month and its end'), answer: 'near' }
  expect(judge.judge(input([nearest, vague, entry(0.6, 'far')], { text }))).toMatchObject({ veto: 'tense' })
})

test('some of what could be served is asked, and its label counts for those that were served', () => {
  const judge = learnedJudge({ maxWrongPerHit: 0.1 })
  taught(judge, 600)
  const verdict = judge.judge(input([entry(0.99), entry(0.6, 'far')], { chance: 0 }))
  expect(verdict).toMatchObject({ action: 'ask', reason: 'exploring', trial: { stance: 'explored' } })
  expect(verdict.trial?.propensity).toBeLessThan(0.76)
})

test('an answer that was wrong is asked until it was right again', () => {
  const judge = learnedJudge({ maxWrongPerHit: 0.1 })
  taught(judge, 1_500)
  const near = input([entry(0.99), entry(0.6, 'far')], { chance: 0 })
  const explored = judge.judge(near)
  if (explored.trial === undefined) throw new Error('nothing was tried')
  judge.learn({ trial: explored.trial, correct: false, source: 'comparison' })
  const again = judge.judge({ ...near, chance: 0.999 })
  expect(again).toMatchObject({ action: 'ask', reason: 'exploring', trial: { propensity: 1 } })
  if (again.trial === undefined) throw new Error('nothing was tried')
  for (let at = 0; at < 12; at++) judge.learn({ trial: again.trial, correct: true, source: 'comparison' })
  expect(reason(judge.judge({ ...near, chance: 0.999 }))).toBe('served')
})

test('after one wrong answer no other one is served either, until some were right', () => {
  const judge = learnedJudge({ maxWrongPerHit: 0.1 })
  taught(judge, 1_500)
  const other = (chance: number) => input([entry(0.99, 'another'), entry(0.6, 'far')], { chance })
  expect(reason(judge.judge(other(0.999)))).toBe('served')
  const { trial } = judge.judge(input([entry(0.99), entry(0.6, 'far')], { chance: 0 }))
  if (trial === undefined) throw new Error('nothing was tried')
  judge.learn({ trial, correct: false, source: 'comparison' })
  expect(judge.judge(other(0.999)).action).toBe('ask')
  for (let right = 0; judge.judge(other(0.999)).action === 'ask'; right++) {
    if (right > 20) throw new Error('it never serves again')
    const asked = judge.judge(other(0.999))
    expect(asked).toMatchObject({ reason: 'exploring', trial: { propensity: 1 } })
    if (asked.trial !== undefined) judge.learn({ trial: asked.trial, correct: true, source: 'comparison' })
  }
  expect(judge.judge(other(0)).trial?.propensity).toBeLessThan(1)
})

test('when answers turn wrong it stops serving until it has learned anew', () => {
  const judge = learnedJudge({ maxWrongPerHit: 0.1 })
  taught(judge, 1_500)
  const near = (at: number) => input([entry(0.99, `new${at}`), entry(0.6, 'far')], { chance: 0 })
  let wrong = 0
  for (let at = 0; reason(judge.judge(near(at))) === 'exploring' && at < 50; at++) {
    const { trial } = judge.judge(near(at))
    if (trial !== undefined) judge.learn({ trial, correct: false, source: 'comparison' })
    wrong += 1
  }
  expect(wrong).toBeLessThan(8)
  expect(reason(judge.judge({ ...near(99), chance: 0.999 }))).toBe('shadow')
})

test('equal sequences of labels make equal judges', () => {
  const labels: Label[] = []
  const first = learnedJudge({ maxWrongPerHit: 0.1 })
  const listening: LearnedJudge = {
    ...first,
    learn(label) {
      labels.push(label)
      first.learn(label)
    },
  }
  taught(listening, 700)
  const second = learnedJudge({ maxWrongPerHit: 0.1 })
  for (const label of JSON.parse(JSON.stringify(labels)) as Label[]) second.learn(label)
  expect(second.report()).toEqual(first.report())
  for (const similarity of [0.75, 0.85, 0.92, 0.99])
    expect(second.judge(input([entry(similarity)]))).toEqual(first.judge(input([entry(similarity)])))
})

test('praise of what was served teaches nothing, and a complaint does', () => {
  const judge = learnedJudge({ maxWrongPerHit: 0.1 })
  taught(judge, 600)
  const near = input([entry(0.99), entry(0.6, 'other')])
  const served = judge.judge(near)
  if (served.trial === undefined) throw new Error('nothing was served')
  const before = judge.report()
  for (let at = 0; at < 500; at++) judge.learn({ trial: served.trial, correct: true, source: 'feedback' })
  expect(judge.report()).toEqual(before)
  judge.learn({ trial: served.trial, correct: false, source: 'feedback' })
  expect(reason(judge.judge(near))).not.toBe('served')
})

test('groups have thresholds of their own: evidence of one is not evidence of the other', () => {
  const judge = learnedJudge({ maxWrongPerHit: 0.1 })
  taught(judge, 600)
  expect(reason(judge.judge(input([entry(0.99)], { group: 'other' })))).toBe('shadow')
  taught(judge, 600, () => false, 'other')
  expect(judge.report().map(({ state }) => state)).toEqual(['serving', 'shadow'])
})

test('in shadow it learns and reports, and serves nothing', () => {
  const judge = learnedJudge({ maxWrongPerHit: 0.1, shadow: true })
  taught(judge, 600)
  expect(reason(judge.judge(input([entry(0.999)])))).toBe('shadow')
  const [report] = judge.report()
  expect(report?.state).toBe('shadow')
  expect(report?.outlook.map(({ maxWrongPerHit }) => maxWrongPerHit)).toEqual([0.01, 0.02, 0.05, 0.1])
  expect(report?.outlook.at(-1)?.hits).toBeGreaterThan(0.2)
  expect(judge.judge(input([entry(0.99), entry(0.6, 'far')])).trial).toMatchObject({
    stance: 'explored',
    propensity: 1,
  })
})

test('what was proved in shadow need not be proved again by who reads the same labels and serves', () => {
  const labels: Label[] = []
  const silent = learnedJudge({ maxWrongPerHit: 0.1, shadow: true })
  taught(
    {
      ...silent,
      learn(label) {
        labels.push(label)
        silent.learn(label)
      },
    },
    600,
  )
  const serving = learnedJudge({ maxWrongPerHit: 0.1 })
  for (const label of labels) serving.learn(label)
  expect(reason(serving.judge(input([entry(0.99), entry(0.6, 'far')])))).toBe('served')
})

describe('an option that cannot be used is refused:', () => {
  test.each([
    ['maxWrongPerHit', { maxWrongPerHit: 0 }],
    ['maxWrongPerHit', { maxWrongPerHit: 5 }],
    ['confidence', { maxWrongPerHit: 0.1, confidence: 1 }],
  ])('%s of %o', (option, options) => expect(() => learnedJudge(options)).toThrow(option))
})
