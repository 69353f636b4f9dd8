import type { Template } from './template.ts'

const two = (first: string, second: string) => first.split(' ').map((one, at) => `${one}/${second.split(' ')[at]}`)

/** One unit is another. */
export const UNITS: readonly Template[] = [
  {
    text: 'How much is 40 {0} in yen? | How much is 40 {1} in yen? | how much is 40 {0} in yen | What are 40 {0} worth in yen?',
    fillings: two('dollars euros pounds francs rupees pesos', 'euros dollars dollars euros pesos rupees'),
  },
  {
    text: 'How long is 12 {0} in feet? | How long is 12 {1} in feet? | how long is 12 {0} in feet please | 12 {0} is how long in feet?',
    fillings: two(
      'meters kilometers centimeters yards miles inches',
      'kilometers meters millimeters miles yards centimeters',
    ),
  },
  {
    text: 'Is 5 {0} of sugar too much? | Is 5 {1} of sugar too much? | is 5 {0} of sugar too much | Are 5 {0} of sugar too much?',
    fillings: two('grams ounces cups teaspoons pounds spoons', 'kilograms grams teaspoons tablespoons ounces cups'),
  },
  {
    text: 'Set a timer for 10 {0} | Set a timer for 10 {1} | please set a timer for 10 {0} | Can you set a 10 {0} timer?',
    fillings: two('seconds minutes hours seconds minutes hours', 'minutes hours minutes hours seconds days'),
  },
  {
    text: 'What is the temperature in {0} today? | What is the temperature in {1} today? | what is the temperature in {0} today | Tell me the temperature today in {0}',
    fillings: two('celsius fahrenheit kelvin', 'fahrenheit celsius celsius'),
  },
  {
    text: 'How many photos fit in 8 {0}? | How many photos fit in 8 {1}? | how many photos fit in 8 {0} | How many pictures fit into 8 {0}?',
    fillings: two('gigabytes megabytes terabytes kilobytes', 'megabytes gigabytes gigabytes megabytes'),
  },
  {
    text: 'Convert 30 {0} to another unit | Convert 30 {1} to another unit | please convert 30 {0} to another unit | I want to convert 30 {0} to another unit',
    fillings: two('liters gallons mph watts acres volts', 'gallons liters kph kilowatts hectares amps'),
  },
  {
    text: 'How far is 20 {0} on foot? | How far is 20 {1} on foot? | how far is 20 {0} on foot | 20 {0} on foot, how far is that?',
    fillings: two('km miles minutes yards', 'miles km hours meters'),
  },
  {
    text: 'I earn 900 {0} a month, what tax do I pay? | I earn 900 {1} a month, what tax do I pay? | what tax do I pay if I earn 900 {0} a month? | Which tax do I pay with 900 {0} a month?',
    fillings: two('euros dollars pounds francs', 'dollars pounds euros euros'),
  },
]

/** One day is another. */
export const DATES: readonly Template[] = [
  {
    text: 'What happened in {0}? | What happened in {1}? | what happened in {0} | Tell me what happened in {0}',
    fillings: two('1914 1945 1969 1989 2001 2008', '1915 1954 1996 1998 2010 2018'),
  },
  {
    text: 'Schedule the meeting for {0} | Schedule the meeting for {1} | please schedule the meeting for {0} | Can you schedule the meeting for {0}?',
    fillings: two('Monday Tuesday Friday Sunday tomorrow tonight', 'Tuesday Thursday Saturday Monday today tomorrow'),
  },
  {
    text: 'Show my expenses for {0} | Show my expenses for {1} | please show my expenses for {0} | I want to see my expenses for {0}',
    fillings: two('January April June August October December', 'February May July September November January'),
  },
  {
    text: 'Is the library open on {0}? | Is the library open on {1}? | is the library open on {0} | Will I find the library open on {0}?',
    fillings: [
      'May 1/May 2',
      'June 12/June 21',
      'July 4/July 14',
      'March 8/May 8',
      '2024-10-03/2024-03-10',
      'Christmas/Easter',
    ],
  },
  {
    text: 'Did it rain {0}? | Did it rain {1}? | did it rain {0} | Do you know if it did rain {0}?',
    fillings: [
      'yesterday/today',
      'last week/last month',
      'last month/last year',
      'last night/last week',
      'on Monday/on Sunday',
    ],
  },
  {
    text: 'Remind me at {0} to call the bank | Remind me at {1} to call the bank | please remind me at {0} to call the bank | At {0}, remind me to call the bank',
    fillings: ['9:00/9:30', '10 am/10 pm', '14:15/15:14', 'noon/midnight', '8:45/8:15', '7 pm/7 am'],
  },
  {
    text: 'What was the price of gold in {0}? | What was the price of gold in {1}? | what was the gold price in {0} | How much did gold cost in {0}?',
    fillings: [
      '1980/1990',
      '2011/2012',
      'March 2020/March 2021',
      'May 2019/June 2019',
      'the last quarter/the last year',
    ],
  },
  {
    text: 'When is the deadline {0}? | When is the deadline {1}? | when is the deadline {0} | Tell me when the deadline is {0}',
    fillings: [
      'this week/next week',
      'this month/next month',
      'next year/this year',
      'this quarter/next quarter',
      'in fall 2025/in fall 2026',
    ],
  },
]

/** One word is its opposite. */
export const ANTONYMS: readonly Template[] = [
  {
    text: 'Which {2} is the {0}? | Which {2} is the {1}? | which {2} is the {0} | What is the {0} {2}?',
    fillings: [
      'cheapest/most expensive/phone',
      'fastest/slowest/train',
      'oldest/youngest/president',
      'longest/shortest/river',
      'highest/lowest/tower',
      'hottest/coldest/planet',
    ],
  },
  {
    text: 'How do I {0} my {2}? | How do I {1} my {2}? | how can I {0} my {2} | What is the best way to {0} my {2}?',
    fillings: [
      'increase/decrease/credit limit',
      'raise/lower/desk',
      'gain/lose/weight',
      'freeze/unfreeze/card',
      'import/export/contacts',
      'upload/download/resume',
      'hide/show/profile',
      'lend/borrow/tools',
    ],
  },
  {
    text: 'Is {2} {0} for the heart? | Is {2} {1} for the heart? | is {2} {0} for the heart | For the heart, is {2} {0}?',
    fillings: [
      'good/bad/coffee',
      'safe/dangerous/running',
      'good/bad/wine',
      'healthy/unhealthy/butter',
      'safe/unsafe/sauna',
    ],
  },
  {
    text: 'When does the {2} {0}? | When does the {2} {1}? | when does the {2} {0} | What time does the {2} {0}?',
    fillings: [
      'arrive/depart/train',
      'open/close/museum',
      'start/end/match',
      'begin/end/concert',
      'open/close/pharmacy',
      'start/stop/festival',
    ],
  },
  {
    text: 'What are the {0} of {2}? | What are the {1} of {2}? | what are the {0} of {2} | Can you explain the {0} of {2}?',
    fillings: [
      'advantages/disadvantages/solar power',
      'benefits/risks/fasting',
      'strengths/weaknesses/this plan',
      'pros/cons/remote work',
      'causes/effects/inflation',
    ],
  },
  {
    text: 'Should I {0} {2} now? | Should I {1} {2} now? | should I {0} {2} now | Is now the time to {0} {2}?',
    fillings: [
      'buy/sell/shares',
      'accept/reject/the offer',
      'hire/fire/people',
      'push/pull/the lever',
      'pause/resume/my plan',
    ],
  },
  {
    text: 'Sort the list in {0} order | Sort the list in {1} order | please sort the list in {0} order | Can you put the list in {0} order?',
    fillings: ['ascending/descending', 'alphabetical/chronological', 'increasing/decreasing'],
  },
  {
    text: 'What did {0} mean to the ancient Greeks? | What did {1} mean to the ancient Greeks? | what did {0} mean to the ancient greeks | To the ancient Greeks, what did {0} mean?',
    fillings: ['love/hate', 'war/peace', 'life/death', 'day/night', 'victory/defeat', 'friend/enemy'],
  },
]

/** The same words in another order. */
export const ORDER: readonly Template[] = [
  {
    text: 'Find flights from {0} to {1} | Find flights from {1} to {0} | please find flights from {0} to {1} | Can you find me flights from {0} to {1}?',
    fillings: two('Boston Paris Rome Tokyo Denver Madrid Dublin', 'Miami London Athens Seoul Dallas Lisbon Oslo'),
  },
  {
    text: 'Who won when {0} played {1}? | Who won when {1} played {0}? | who won when {0} played {1} | Do you know who won when {0} played {1}?',
    fillings: two('Brazil Spain Chelsea Nadal Ajax Boston', 'Italy France Arsenal Federer Porto Chicago'),
  },
  {
    text: 'Does {0} cause {1}? | Does {1} cause {0}? | does {0} cause {1} | Can {0} cause {1}?',
    fillings: two('stress smoking poverty noise insomnia obesity', 'insomnia anxiety crime stress depression diabetes'),
  },
  {
    text: 'Convert {0} to {1} | Convert {1} to {0} | please convert {0} to {1} | I want to convert {0} to {1}',
    fillings: two('JSON markdown celsius euros hex meters', 'YAML html fahrenheit dollars binary feet'),
  },
  {
    text: 'Is {0} bigger than {1}? | Is {1} bigger than {0}? | is {0} bigger than {1} | Would you say {0} is bigger than {1}?',
    fillings: two('Texas Venus Sweden Tokyo Africa Ganymede', 'Alaska Earth Norway Delhi Europe Mercury'),
  },
  {
    text: 'Translate from {0} into {1} | Translate from {1} into {0} | please translate from {0} into {1} | I need to translate from {0} into {1}',
    fillings: two('English Spanish German Latin Hindi Polish', 'French Italian Dutch Greek Urdu Czech'),
  },
  {
    text: 'Did the {0} see the {1}? | Did the {1} see the {0}? | did the {0} see the {1} | Do you know if the {0} did see the {1}?',
    fillings: two('driver judge doctor teacher dog boy', 'cyclist witness nurse pupil cat girl'),
  },
  {
    text: 'Add {0} before {1} | Add {1} before {0} | please add {0} before {1} | You should add {0} before {1}',
    fillings: two('milk salt acid water title', 'flour pepper base oil author'),
  },
]

/** The same, at another time. */
export const TENSE: readonly Template[] = [
  {
    text: 'Did my {0} arrive? | Will my {0} arrive? | did my {0} arrive please | Can you tell me if my {0} did arrive?',
    fillings: ['payment', 'parcel', 'refund', 'order', 'card', 'ticket', 'passport'],
  },
  {
    text: 'Who won the {0}? | Who will win the {0}? | who won the {0} | Tell me who won the {0}',
    fillings: ['election', 'cup', 'race', 'award', 'lottery', 'match'],
  },
  {
    text: 'Was the {0} open? | Will the {0} be open? | was the {0} open | Do you know if the {0} was open?',
    fillings: ['museum', 'bank', 'pool', 'gym', 'bridge', 'office'],
  },
  {
    text: 'Did the price of {0} rise? | Will the price of {0} rise? | did the price of {0} rise | Do you know if the price of {0} did rise?',
    fillings: ['oil', 'gold', 'bread', 'milk', 'coffee', 'copper'],
  },
  {
    text: 'How much did I pay for {0}? | How much will I pay for {0}? | how much did i pay for {0} | Tell me how much I did pay for {0}',
    fillings: ['parking', 'insurance', 'electricity', 'internet', 'rent', 'shipping'],
  },
  {
    text: 'Was my {0} cancelled? | Is my {0} going to be cancelled? | was my {0} cancelled please | Can you tell me if my {0} was cancelled?',
    fillings: ['flight', 'appointment', 'booking', 'train', 'class', 'subscription'],
  },
  {
    text: 'Where did the {0} take place? | Where will the {0} take place? | where did the {0} take place | Tell me where the {0} did take place',
    fillings: ['conference', 'wedding', 'final', 'exam', 'funeral', 'concert'],
  },
]
