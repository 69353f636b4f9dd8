/** What in a text is exact: numbers with their units, dates, quoted strings, addresses and identifiers. */

/** The exact parts of a text, each in one spelling, so that equal sets mean that nothing exact differs. */
export interface Figures {
  readonly numbers: readonly string[]
  readonly units: readonly string[]
  readonly dates: readonly string[]
  readonly quotes: readonly string[]
  readonly addresses: readonly string[]
  readonly identifiers: readonly string[]
}

const QUOTE =
  /"([^"]{1,400})"|“([^”]{1,400})”|«([^»]{1,400})»|„([^“”]{1,400})[“”]|`([^`]{1,400})`|(?<![\p{L}\p{N}])'([^']{2,400})'(?![\p{L}\p{N}])/gu
const ADDRESS =
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s<>"']+|\bwww\.[^\s<>"']+|\b[\w.+-]+@[\w-]+\.[\w.-]*\w|(?<![\w/])(?:~|\.{1,2})?\/[\w.-]+(?:\/[\w.-]*)*|\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|gov|edu|co|uk|de)\b/giu
const DATE = /\b\d{4}-\d{1,2}-\d{1,2}\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b|\b\d{1,2}:\d{2}(?::\d{2})?\b/gu
const NUMBER =
  /(?<![\p{L}\p{N}_.-])[-−]?\d+(?:[,'’ ]\d{3})*(?:\.\d+)?(?:\s*(?:[-–]|to)\s*\d+)?(?:st|nd|rd|th)?(?![\p{N}_])/gu
const IDENTIFIER =
  /\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]+\b|\b\w+_\w+\b|\b[a-z]+(?:[A-Z][a-z0-9]+)+\b|\b[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+\b|\b\w+\(\)|#\w+/gu
const SYMBOL_UNIT = /[$€£¥₹%°]/gu

const MONTHS = 'january february march april may june july august september october november december'.split(' ')
const MONTH_SHORT = 'jan feb mar apr jun jul aug sep sept oct nov dec'.split(' ')
const DAYS = 'monday tuesday wednesday thursday friday saturday sunday'.split(' ')
const DAY_SHORT = 'mon tue tues wed thu thur thurs fri sat sun'.split(' ')
const RELATIVE =
  'today tomorrow yesterday tonight weekend midnight noon spring autumn fall summer winter easter christmas'.split(' ')
const NAMED_DATES: ReadonlyMap<string, string> = new Map([
  ...MONTHS.filter((month) => month !== 'may' && month !== 'march').map((month) => [month, month.slice(0, 3)] as const),
  ...MONTH_SHORT.filter((month) => month !== 'mar').map((month) => [month, month.slice(0, 3)] as const),
  ...DAYS.flatMap((day) => [[day, `${day.slice(0, 3)}day`] as const, [`${day}s`, `${day.slice(0, 3)}day`] as const]),
  ...DAY_SHORT.filter((day) => !['sun', 'sat', 'wed', 'mon'].includes(day)).map(
    (day) => [day, `${day.slice(0, 3)}day`] as const,
  ),
  ...RELATIVE.filter((word) => word !== 'fall' && word !== 'spring').map((word) => [word, word] as const),
])
const SPAN =
  /\b(last|next|this|past|previous|coming)\s+(second|minute|hour|day|night|week|month|quarter|year|decade|century)s?\b/giu
const MARCH_OR_MAY =
  /\b(?:(?:in|of|by|until|till|since|on|next|last|this|during|from|to|for)\s+(march|may)\b|(march|may)\s+\d)/gu

const NUMERALS: ReadonlyMap<string, string> = new Map(
  [
    ...'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'
      .split(' ')
      .map((word, value) => [word, String(value)] as const),
    ...'twenty thirty forty fifty sixty seventy eighty ninety'
      .split(' ')
      .map((word, at) => [word, String(20 + 10 * at)] as const),
    ...'third fourth fifth sixth seventh eighth ninth tenth'
      .split(' ')
      .map((word, at) => [word, `${3 + at}th`] as const),
    ['hundred', '100'],
    ['thousand', '1000'],
    ['million', '1000000'],
    ['billion', '1000000000'],
    ['dozen', '12'],
    ['once', '1x'],
    ['twice', '2x'],
    ['double', '2x'],
    ['triple', '3x'],
    ['half', '1/2'],
    ['quarter', '1/4'],
  ].filter(([word]) => word !== 'one') as [string, string][],
)

/** Units by their common form. Those of time count only beside a number: a question about days is not one in days. */
const UNITS: ReadonlyMap<string, string> =
  units(`usd=$,dollar,dollars,us$,bucks eur=€,euro,euros gbp=£,quid,sterling yen=¥,jpy inr=₹,rupee,rupees
  chf=francs,franc btc=bitcoin,bitcoins eth=ether,ethereum cad= aud= %=percent,pct °=degree,degrees celsius= fahrenheit= kelvin=
  mm=millimeter,millimeters,millimetre,millimetres cm=centimeter,centimeters,centimetre,centimetres m=meter,meters,metre,metres
  km=kilometer,kilometers,kilometre,kilometres mi=mile,miles ft=feet,foot inch=inches yd=yard,yards g=gram,grams kg=kilo,kilos,kilogram,kilograms
  lb=lbs,pound,pounds oz=ounce,ounces ton=tons,tonne,tonnes ml=milliliter,milliliters,millilitre,millilitres l=liter,liters,litre,litres
  gal=gallon,gallons pint=pints cup=cups tsp=teaspoon,teaspoons tbsp=tablespoon,tablespoons kb=kilobyte,kilobytes mb=megabyte,megabytes
  gb=gigabyte,gigabytes tb=terabyte,terabytes bit=bits byte=bytes mbps= kbps= gbps= hz=hertz khz= mhz= ghz= watt=watts kw=kilowatt,kilowatts
  kwh= volt=volts amp=amps mph= kph=km/h cal=calorie,calories kcal= joule=joules pixel=pixels,px acre=acres hectare=hectares
  ms=millisecond,milliseconds s=second,seconds,sec,secs min=minute,minutes,mins h=hour,hours,hr,hrs day=days wk=week,weeks month=months yr=year,years
  decade=decades century=centuries`)
const OF_TIME = new Set(['ms', 's', 'min', 'h', 'day', 'wk', 'month', 'yr', 'decade', 'century'])
/** Letters that mean a unit only right after a number. */
const AMBIGUOUS = new Set([
  'm',
  'g',
  'l',
  'in',
  'h',
  's',
  'foot',
  'cup',
  'cups',
  'bit',
  'min',
  'pound',
  'pounds',
  'second',
  'amp',
  'ton',
  'tons',
  'mi',
  'cal',
])

function units(text: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .trim()
      .split(/\s+/)
      .flatMap((entry) => {
        const [unit = '', others = ''] = entry.split('=')
        return [unit, ...others.split(',').filter((other) => other !== '')].map((word) => [word, unit] as const)
      }),
  )
}

/** The exact parts of a text. What is found by one rule is not seen by the next. */
export function figuresOf(text: string): Figures {
  let rest = text.normalize('NFKC')
  const take = (pattern: RegExp, form: (found: string) => string = (found) => found): string[] => {
    const found: string[] = []
    rest = rest.replace(pattern, (match) => {
      found.push(form(match))
      return ' '
    })
    return found.sort()
  }
  const addresses = take(ADDRESS, (found) => found.replace(/[.,;:!?)]+$/, ''))
  const quotes = take(QUOTE, (found) => found.slice(1, -1).trim())
  const written = take(DATE)
  const symbols = [...rest.matchAll(SYMBOL_UNIT)].map(([symbol]) => UNITS.get(symbol) ?? symbol)
  const [numbers, besides] = numbersOf(rest)
  rest = rest.replace(NUMBER, ' ')
  const identifiers = take(IDENTIFIER)
  const lower = rest.toLowerCase()
  const words = lower.match(/\p{L}+/gu) ?? []
  return {
    numbers: [...numbers, ...words.flatMap((word) => NUMERALS.get(word) ?? [])].sort(),
    units: [...new Set([...symbols, ...besides, ...words.flatMap((word) => looseUnit(word))])].sort(),
    dates: [...written, ...namedDates(lower, words)].sort(),
    quotes,
    addresses,
    identifiers,
  }
}

function looseUnit(word: string): string[] {
  const unit = UNITS.get(word)
  return unit === undefined || OF_TIME.has(unit) || AMBIGUOUS.has(word) ? [] : [unit]
}

/** Numbers in one spelling, and the units that stand right behind them. */
function numbersOf(text: string): readonly [readonly string[], readonly string[]] {
  const numbers: string[] = []
  const besides: string[] = []
  for (const match of text.matchAll(NUMBER)) {
    const [written] = match
    numbers.push(written.replace(/[,'’\s]|(?<=\d)\.0+$/g, '').replace('−', '-'))
    const [, next = ''] = /^\s*(\p{L}+\/?\p{L}*)/u.exec(text.slice(match.index + written.length)) ?? []
    const unit = UNITS.get(next.toLowerCase())
    if (unit !== undefined) besides.push(unit)
  }
  for (const [, glued = '', unit = ''] of text.matchAll(
    /(?<![\p{L}\p{N}_-])(\d+(?:\.\d+)?)(\p{L}{1,4})(?![\p{L}\p{N}_-])/gu,
  )) {
    const known = UNITS.get(unit.toLowerCase())
    if (known !== undefined && !numbers.includes(glued)) numbers.push(glued)
    if (known !== undefined) besides.push(known)
  }
  return [numbers, besides]
}

function namedDates(lower: string, words: readonly string[]): string[] {
  const spans = [...lower.matchAll(SPAN)].map(
    ([, which = '', span = '']) => `${which === 'past' || which === 'previous' ? 'last' : which} ${span}`,
  )
  const months = [...lower.matchAll(MARCH_OR_MAY)].map(([, after, before]) => (after ?? before ?? '').slice(0, 3))
  return [...new Set([...words.flatMap((word) => NAMED_DATES.get(word) ?? []), ...spans, ...months])]
}
