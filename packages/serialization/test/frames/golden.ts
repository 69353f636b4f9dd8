/**
 * Golden frames: files written once by the version of the frame format their folder names, and read back by every later
 * version of the library. A file is added when the table of values grows, and never rewritten.
 */
import {
  createClassRegistry,
  createPayloads,
  createSealer,
  encodeFrame,
  encodePlaceholder,
  FRAME,
  type FrameFields,
  type Payloads,
  tagDigest,
} from '../../src/index.ts'
import { c9Values, classes } from '../c9-values.ts'

/** The folder of the current format, relative to this file. */
export const FOLDER = `v${FRAME.version}`

/** What every golden frame carries beside its payload. */
export const fields: FrameFields = {
  negative: false,
  version: Buffer.from('0123456789abcdef', 'hex'),
  life: Buffer.from('fedcba9876543210', 'hex'),
  inc: Buffer.from('00112233445566ff', 'hex'),
  reading: 42,
  created: 1_767_225_600_000.125,
  freshUntil: 1_767_225_900_000,
  hardExpiry: 1_767_229_200_000,
  loadTime: 87.5,
  tags: [tagDigest('user:41'), tagDigest('plan:pro')],
}

/** The lease that the leased frames carry. */
const lease = { token: Buffer.from('a1b2c3d4e5f60718', 'hex'), deadline: 1_767_225_602_000.5 }

/** The key of the entry that the sealed frames are bound to. */
const entryKey = Buffer.from('golden:users:1:41')

/** Payloads that read every golden frame. */
export const payloads: Payloads = createPayloads({
  classes: createClassRegistry(classes),
  sealer: createSealer({ keys: [{ id: 'golden', key: Buffer.alloc(32, 0x2a) }] }),
})

/** What a sealed golden frame is bound to. */
export function sealContext(associated: Uint8Array): Uint8Array {
  return Buffer.concat([entryKey, associated])
}

/** One golden file: its name, how it is written, and what is in it. */
export interface Golden {
  readonly file: string
  readonly write: () => Buffer
  /** The value its payload holds; absent for placeholders. */
  readonly make?: () => unknown
  /** Where the frame differs from `fields` without a lease. */
  readonly differs?: object
}

const values: readonly Golden[] = c9Values.map(({ name, make }) => {
  const negative = make() === null || make() === undefined
  return {
    file: `${name.replaceAll(/[^a-zA-Z0-9_]+/g, '-')}.bin`,
    write: () => encodeFrame({ ...fields, negative }, (associated) => payloads.pack(make(), associated)),
    make,
    differs: { negative },
  }
})

const secret = () => ({ email: 'ada@example.com', roles: ['admin'] })
const rows = () =>
  Array.from({ length: 2000 }, (_, id) => ({ id, name: `user ${id}`, plan: id % 3 === 0 ? 'pro' : 'free' }))
const sealed = (make: () => unknown) =>
  encodeFrame(fields, (associated) => payloads.pack(make(), sealContext(associated), { seal: true }))

const layouts: readonly Golden[] = [
  {
    file: 'layout-compressed.bin',
    write: () => encodeFrame(fields, (associated) => payloads.pack(rows(), associated)),
    make: rows,
  },
  { file: 'layout-sealed.bin', write: () => sealed(secret), make: secret },
  { file: 'layout-sealed-compressed.bin', write: () => sealed(rows), make: rows },
  {
    file: 'layout-no-tags.bin',
    write: () => encodeFrame({ ...fields, tags: [] }, (associated) => payloads.pack(1, associated)),
    make: () => 1,
    differs: { tags: [] },
  },
  {
    file: 'layout-leased-with-waiter.bin',
    write: leased,
    make: () => 'leased',
    differs: { waiter: true, token: lease.token, leaseDeadline: lease.deadline },
  },
  {
    file: 'layout-placeholder.bin',
    write: () => encodePlaceholder(lease),
    differs: { ...emptied(), placeholder: true, token: lease.token, leaseDeadline: lease.deadline },
  },
]

/** Every golden file of the current format. */
export const golden: readonly Golden[] = [...values, ...layouts]

/** What a script on the server does to a frame when a lease is granted and someone waits for it. */
function leased(): Buffer {
  const frame = encodeFrame(fields, (associated) => payloads.pack('leased', associated))
  lease.token.copy(frame, FRAME.token)
  frame.writeDoubleBE(lease.deadline, FRAME.deadline)
  frame[FRAME.flagsAt] = (frame[FRAME.flagsAt] as number) | FRAME.flags.waiter
  return frame
}

function emptied(): object {
  const zeros = Buffer.alloc(8)
  return {
    version: zeros,
    life: zeros,
    inc: zeros,
    reading: 0,
    created: 0,
    freshUntil: 0,
    hardExpiry: 0,
    loadTime: 0,
    tags: [],
  }
}
