/**
 * Small lists of English: what carries no meaning of its own, what turns a meaning round, what stands for what. Texts in other
 * languages find nothing here and are judged by their numbers, names, spelling and vectors.
 */

const list = (words: string): readonly string[] => words.trim().split(/\s+/)

/** Words that can be left out or exchanged without asking for something else. */
export const FILLERS: ReadonlySet<string> = new Set(
  list(`a an the i you we me us my our your it its this that these those there here am is are be been being do does doing
    have has having can could would may might shall of for please kindly hi hello hey dear thanks thank tell know let
    explain show give say wonder wondering want wanna like need help hope try trying get got find see how what which way ways
    question so just then well also really actually exactly and to in at on with as by ok okay anyone someone somebody
    possible able steps step about some any if`),
)

/** Words that deny. An even number of them cancels out. */
export const NEGATIONS: ReadonlySet<string> = new Set(
  list(`not no never none nobody nothing neither nor without cannot hardly barely scarcely lack lacks lacking fail fails failed
    unable`),
)

/** Words that stand before a noun and say nothing of it but whose it is. */
export const DETERMINERS: ReadonlySet<string> = new Set(
  list('a an the my your our his her their its this that these those some any'),
)

/** Forms of to be. */
export const COPULAS: ReadonlySet<string> = new Set(list('is are was were am be been being'))

/** Words that say how something stands to what it is said of, by their role. A word with one is another with another. */
export const ROLES: ReadonlyMap<string, string> =
  classes(`from=from,off out=out to=to,into,onto,towards,toward before=before after=after,following
  since=since until=until,till above=above,over,beyond below=below,under,beneath between=between against=against without=without
  with=with mine=my,our yours=your his=his hers=her theirs=their`)

/** How much or how often, by class: texts of different classes ask for different things. */
export const QUANTIFIERS: ReadonlyMap<string, string> =
  classes(`all=all,every,each,everyone,everybody,everything,always,entire,whole,both
  some=several,sometimes,occasionally,partly,partially either=either only=only,solely,exclusively,merely except=except,excluding,besides
  almost=almost,nearly most=mostly,usually,majority few=few,rarely,seldom,hardly,barely,scarcely or=or again=again other=another,other,else`)

/** Questions in other words: what time it is, and when. */
export const QUESTION_PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\b(?:at )?(?:what|which) (?:exact )?(?:time|date|day)\b/g, 'when'],
  [
    /\bhow come\b|\b(?:what|which) (?:makes|causes|made|caused)\b|\b(?:for )?(?:what|which) (?:is the )?reason\b/g,
    'why',
  ],
  [/\b(?:in )?(?:what|which) (?:place|location)\b/g, 'where'],
  [/\b(?:what|which) person\b/g, 'who'],
]

/** Past forms that do not end in -ed. */
export const IRREGULAR_PAST: ReadonlySet<string> = new Set(
  list(`went came made took paid sent lost bought sold found gave told said kept felt saw knew thought brought began broke chose
    drew drove ate fell flew forgot froze grew held hid led lent meant met ran spoke spent stood stole taught threw woke wore won
    wrote withdrew became built caught dealt fed fought gone done seen taken given written broken chosen eaten forgotten stolen been`),
)

/** Words that look like past forms and are none. */
export const NO_PAST: ReadonlySet<string> = new Set(
  list('need speed feed seed indeed hundred exceed proceed succeed embed breed naked sacred wicked united limited'),
)

/** Pairs of opposites: exchanging one for the other turns the meaning round. */
const OPPOSITES =
  list(`on/off enable/disable enabled/disabled open/close opened/closed start/stop started/stopped begin/end
  increase/decrease increased/decreased raise/lower up/down upload/download add/remove added/removed insert/delete create/delete
  activate/deactivate activated/deactivated lock/unlock locked/unlocked buy/sell bought/sold send/receive sent/received
  before/after above/below over/under in/out inside/outside into/from to/from first/last early/late earlier/later earliest/latest
  more/less most/least many/few max/min maximum/minimum high/low higher/lower highest/lowest large/small larger/smaller big/small
  bigger/smaller long/short longer/shorter fast/slow faster/slower quick/slow hot/cold warm/cool warmer/cooler heat/cool hard/soft hard/easy
  difficult/easy good/bad better/worse best/worst good/evil right/wrong correct/incorrect correct/wrong true/false fair/foul fair/unfair
  safe/dangerous safe/unsafe healthy/sick rich/poor cheap/expensive cheaper/dearer cheapest/costliest old/new old/young older/newer
  older/younger oldest/newest always/never all/none everybody/nobody everyone/nobody everything/nothing yes/no accept/reject
  accept/refuse accepted/rejected approve/reject approved/rejected allow/deny allow/forbid allowed/forbidden allow/block include/exclude
  import/export input/output public/private show/hide visible/hidden connect/disconnect connected/disconnected login/logout
  install/uninstall mount/unmount encrypt/decrypt encode/decode compress/decompress push/pull import/export deposit/withdraw
  credit/debit lend/borrow win/lose won/lost pass/fail passed/failed succeed/fail success/failure gain/lose profit/loss love/hate
  like/dislike happy/sad happy/unhappy alive/dead birth/death male/female man/woman men/women boy/girl husband/wife father/mother
  son/daughter brother/sister left/right north/south east/west northern/southern eastern/western day/night morning/evening am/pm
  sunrise/sunset summer/winter full/empty heavy/light thick/thin fat/thin wide/narrow deep/shallow strong/weak wet/dry clean/dirty
  loud/quiet bright/dark asleep/awake same/different similar/different legal/illegal possible/impossible valid/invalid
  known/unknown available/unavailable present/absent arrive/depart arrival/departure arrives/departs arriving/departing come/go
  leave/arrive enter/exit ascending/descending ascend/descend positive/negative plus/minus join/leave mute/unmute
  subscribe/unsubscribe subscribed/unsubscribed follow/unfollow like/unlike online/offline local/remote internal/external
  minor/major junior/senior temporary/permanent optional/required mandatory/optional expand/collapse merge/split save/discard
  lead/follow offer/demand question/answer parent/child employer/employee teacher/student buyer/seller sender/recipient
  sender/receiver single/married front/back top/bottom beginning/end future/past ancient/modern gain/loss victory/defeat
  friend/enemy guilty/innocent freeze/unfreeze frozen/unfrozen block/unblock blocked/unblocked pin/unpin tie/untie wrap/unwrap
  give/get give/receive give/take lend/return ask/answer
  still/already cause/prevent accepts/rejects
  charge/discharge inhale/exhale simple/complex abundant/scarce rise/fall rising/falling rose/fell grow/shrink attack/defend
  build/destroy hire/fire hired/fired pause/resume paused/resumed`)

/** From a word to its opposites. */
export const OPPOSITE: ReadonlyMap<string, ReadonlySet<string>> = pairs(OPPOSITES)

/** Prefixes that turn a word round: able and unable, valid and invalid, connect and disconnect. */
export const DENYING_PREFIXES = ['un', 'in', 'im', 'il', 'ir', 'dis', 'non', 'de', 'mis', 'non-']

/** Words that may stand for each other whatever is asked, by their common form. */
export const COMMON_FORM: ReadonlyMap<string, string> = new Map(
  list(`purchase=buy obtain=buy begin=start commence=start finish=end terminate=end cancel=cancel modify=change alter=change
    edit=change update=change switch=change choose=select pick=select assist=help aid=help fix=repair mend=repair error=problem issue=problem
    trouble=problem fault=problem big=large huge=large tiny=small quick=fast rapid=fast speedy=fast kids=children photo=picture
    image=picture photos=picture images=picture pictures=picture film=movie films=movie movies=movie mobile=phone cellphone=phone smartphone=phone
    erase=delete remove=delete make=create made=create construct=build shut=close receive=receive return=return
    reimbursement=refund reply=answer respond=answer method=way approach=way cost=price costs=price pricing=price fee=price fees=price charge=price
    company=firm automobile=car automobiles=car cars=car job=work occupation=work doctor=physician pw=password pwd=password passcode=password
    log-in=login signin=login sign-in=login signup=register sign-up=register enroll=register mail=email e-mail=email
    telephone=phone tv=television bike=bicycle forgot=forget forgotten=forget lost=lose gone=go went=go bought=buy paid=pay sent=send
    cheapest=cheapest usa=us america=us uk=britain`)
    .map((pair) => pair.split('=') as [string, string])
    .filter(([word, form]) => word !== form),
)

function pairs(both: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  for (const pair of both) {
    const [one = '', other = ''] = pair.split('/')
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const)
      found.set(from, (found.get(from) ?? new Set()).add(to))
  }
  return found
}

function classes(text: string): ReadonlyMap<string, string> {
  return new Map(
    list(text).flatMap((entry) => {
      const [name = '', words = ''] = entry.split('=')
      return words.split(',').map((word) => [word, name] as const)
    }),
  )
}
