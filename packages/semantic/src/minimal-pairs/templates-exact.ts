import type { Template } from './template.ts'

const two = (first: string, second: string) => first.split(' ').map((one, at) => `${one}/${second.split(' ')[at]}`)

/** One number is another. */
export const NUMBERS: readonly Template[] = [
  {
    text: 'What is {0} percent of 340? | What is {1} percent of 340? | what is {0} percent of 340 please | How do I work out {0} percent of 340?',
    fillings: two('10 15 20 25 35 60 75 90', '100 51 21 52 53 16 57 91'),
  },
  {
    text: 'Give me {0} ideas for a birthday party | Give me {1} ideas for a birthday party | Can you give me {0} birthday party ideas? | I am planning a birthday party and need {0} ideas',
    fillings: two('3 5 7 10 12 20 eighty ninety', '4 6 9 11 21 30 eighteen nineteen'),
  },
  {
    text: 'Transfer {0} dollars to my savings account | Transfer {1} dollars to my savings account | please transfer {0} dollars to my savings account | Move {0} dollars into my savings',
    fillings: two('50 100 250 400 1000 1500 75 30', '500 1000 25 40 10000 150 57 13'),
  },
  {
    text: 'How many calories are in {0} eggs? | How many calories are in {1} eggs? | how many calories do {0} eggs have | What is the number of calories in {0} eggs?',
    fillings: two('2 3 4 6 8 12', '20 30 5 7 18 11'),
  },
  {
    text: 'Explain error code {0} of the printer | Explain error code {1} of the printer | Please explain the printer error code {0} | What does error code {0} mean on my printer?',
    fillings: two('401 502 1203 77 5100 618', '402 503 1230 78 5200 681'),
  },
  {
    text: 'Is Python {0} still supported? | Is Python {1} still supported? | is python {0} still supported | Does Python {0} still get support?',
    fillings: two('3.8 3.9 3.10 3.11 2.7 3.6', '3.9 3.10 3.1 3.12 2.6 3.16'),
  },
  {
    text: 'What time is it {0} hours from now? | What time is it {1} hours from now? | what time will it be {0} hours from now? | {0} hours from now, what time is it?',
    fillings: two('2 3 5 8 10 12', '3 4 15 18 11 21'),
  },
  {
    text: 'Write a poem of {0} lines about the sea | Write a poem of {1} lines about the sea | Could you write a poem of {0} lines about the sea? | A poem about the sea in {0} lines, please',
    fillings: two('4 8 10 14 16 20', '5 9 12 41 6 40'),
  },
]

/** One name is another. */
export const NAMES: readonly Template[] = [
  {
    text: 'What is the capital of {0}? | What is the capital of {1}? | what is the capital city of {0} | Tell me the capital of {0}',
    fillings: two(
      'France Peru Kenya Norway Japan Canada Austria Chile',
      'Germany Bolivia Uganda Sweden China Australia Australia China',
    ),
  },
  {
    text: 'Who was {0} married to? | Who was {1} married to? | who was {0} married to? | To whom was {0} married?',
    fillings: two(
      'Mozart Napoleon Lincoln Darwin Chaplin Picasso',
      'Beethoven Wellington Kennedy Wallace Keaton Matisse',
    ),
  },
  {
    text: 'Book a table at {0} for tonight | Book a table at {1} for tonight | please book a table at {0} for tonight | I would like to reserve a table at {0} tonight',
    fillings: two('Luigi Mario Chez Nobu Rosa Olive', 'Mario Luigi Jean Sushi Rosie Oliver'),
  },
  {
    text: 'Send a message to {0} that I am late | Send a message to {1} that I am late | Please send {0} a message that I am late | Let {0} know by message that I am late',
    fillings: two('Anna Peter Maria Tom Julia David', 'Hanna Petra Mario Tim Julian Daniel'),
  },
  {
    text: 'What is the weather like in {0}? | What is the weather like in {1}? | what is the weather like in {0} | How is the weather in {0}?',
    fillings: two('Paris London Berlin Austin Lima Oslo', 'Rome Dublin Bern Houston Lisbon Osaka'),
  },
  {
    text: 'How do I install {0} on my laptop? | How do I install {1} on my laptop? | how can I install {0} on my laptop | What are the steps to install {0} on a laptop?',
    fillings: two('Docker Photoshop Firefox Ubuntu Excel Zoom', 'Podman Illustrator Chrome Fedora Word Skype'),
  },
  {
    text: 'When was {0} founded? | When was {1} founded? | when was {0} founded | Do you know when {0} was founded?',
    fillings: two('Nokia Boeing Toyota Sony Intel Adidas', 'Ericsson Airbus Honda Panasonic AMD Puma'),
  },
]

/** One says it and the other denies it. */
export const NEGATION: readonly Template[] = [
  {
    text: 'Is {0} safe to eat during pregnancy? | Is {0} not safe to eat during pregnancy? | is {0} safe to eat during pregnancy | During pregnancy, is {0} safe to eat?',
    fillings: 'salmon/honey/tofu/papaya/brie/liver/sushi/shrimp'.split('/'),
  },
  {
    text: 'Why does my {0} work? | Why does my {0} not work? | why does my {0} work | What makes my {0} work?',
    fillings: ['router', 'oven', 'printer', 'laptop', 'radio', 'fridge'],
  },
  {
    text: 'Which {0} contain gluten? | Which {0} do not contain gluten? | which {0} contain gluten please | What {0} contain gluten?',
    fillings: ['cereals', 'sauces', 'beers', 'snacks', 'soups', 'sweets'],
  },
  {
    text: 'Can I travel to {0} with a visa? | Can I travel to {0} without a visa? | can i travel to {0} with a visa | Could I travel to {0} with a visa please?',
    fillings: ['Brazil', 'India', 'Egypt', 'Turkey', 'Vietnam', 'Cuba'],
  },
  {
    text: "I can log in to my {0} account | I can't log in to my {0} account | i can log in to my {0} account | I am able to log in to my {0} account",
    fillings: ['bank', 'email', 'school', 'work', 'store', 'game'],
  },
  {
    text: 'Should I accept the {0} offer? | Should I never accept the {0} offer? | should i accept the {0} offer | Should I accept the offer of the {0}?',
    fillings: ['insurance', 'loan', 'job', 'upgrade', 'refund', 'lease'],
  },
  {
    text: 'Show me hotels that allow {0} | Show me hotels that do not allow {0} | please show me hotels that allow {0} | I want to see hotels that allow {0}',
    fillings: ['dogs', 'cats', 'pets', 'children', 'smoking', 'parties'],
  },
]

/** Something is switched the other way. */
export const ON_OFF: readonly Template[] = [
  {
    text: 'Turn on {0} | Turn off {0} | please turn on {0} | Could you turn {0} on?',
    fillings: [
      'dark mode',
      'the lights',
      'airplane mode',
      'the heating',
      'subtitles',
      'notifications',
      'the fan',
      'roaming',
    ],
  },
  {
    text: 'How do I enable {0}? | How do I disable {0}? | how can I enable {0} | What are the steps to enable {0}?',
    fillings: [
      'cookies',
      'two-factor authentication',
      'autofill',
      'the firewall',
      'location sharing',
      'backups',
      'macros',
    ],
  },
  {
    text: 'Lock the {0} | Unlock the {0} | please lock the {0} | Can you lock the {0} for me?',
    fillings: ['front door', 'car', 'garage', 'screen', 'account', 'card'],
  },
  {
    text: 'How do I start the {0} service? | How do I stop the {0} service? | how can i start the {0} service | Which command do I need to start the {0} service?',
    fillings: ['print', 'database', 'web', 'mail', 'search', 'queue'],
  },
  {
    text: 'Open the {0} | Close the {0} | please open the {0} | Can you open the {0}?',
    fillings: ['garage door', 'blinds', 'curtains', 'ticket', 'window', 'gate'],
  },
  {
    text: 'Mute the {0} | Unmute the {0} | mute the {0} please | I want to mute the {0}',
    fillings: ['microphone', 'television', 'call', 'group', 'channel', 'speaker'],
  },
  {
    text: 'Subscribe me to the {0} newsletter | Unsubscribe me from the {0} newsletter | please subscribe me to the {0} newsletter | I would like to subscribe to the {0} newsletter',
    fillings: ['travel', 'science', 'sports', 'cooking', 'finance', 'garden'],
  },
]
