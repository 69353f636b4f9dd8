/** What users of the demo ask, by what they mean: each line is one question in several wordings. */
const QUESTIONS = `
How do I reset my password? | How can I reset my password please? | how do i reset the password | I want to reset my password, how do I do that?
How do I change my email address? | How can I change my email address? | how do i change the email address please | I want to change my email address, how?
How do I export my invoices? | How can I export my invoices? | how do i export the invoices please | I would like to export my invoices, how?
How do I delete an api key? | How can I delete an api key please? | how do i delete the api key | I want to delete an api key, how do I do that?
How do I create an api key? | How can I create an api key please? | how do i create the api key | I want to create an api key, how do I do that?
How do I turn on usage alerts? | How can I turn on usage alerts? | how do i turn usage alerts on | Please tell me how I turn on usage alerts
How do I turn off usage alerts? | How can I turn off usage alerts? | how do i turn usage alerts off | Please tell me how I turn off usage alerts
How do I add a member to my team? | How can I add a member to my team? | how do i add a member to the team please | I want to add a member to my team, how?
How do I remove a member from my team? | How can I remove a member from my team? | how do i remove a member from the team please | I want to remove a member from my team, how?
How many requests does the pro plan include? | how many requests are included in the pro plan | How many requests does the pro plan include please? | Tell me how many requests the pro plan includes
How many requests does the basic plan include? | how many requests are included in the basic plan | How many requests does the basic plan include please? | Tell me how many requests the basic plan includes
What happens when my credits run out? | what happens if my credits run out | Tell me what happens when my credits run out | What will happen when my credits run out?
`

const MEANINGS: readonly (readonly string[])[] = QUESTIONS.trim()
  .split('\n')
  .map((line) => line.split('|').map((wording) => wording.trim()))

const MEANING = new Map(
  MEANINGS.flatMap((wordings, at) => wordings.map((wording) => [wording, `meaning ${at}`] as const)),
)

/** All wordings of all questions. */
export const WORDINGS: readonly string[] = MEANINGS.flat()

/** What a question means: the same for all wordings of it, and itself for any other text. */
export function meaningOf(question: string): string {
  return MEANING.get(question) ?? question
}
