import { ALL_ROWS, groupOf, NAMES, type Row, TTLS, tagsOf } from '../application/entries.ts'
import type { Answer, Asking, Delivery, Load, Subject } from '../application/subject.ts'
import type { Entry } from '../history/record.ts'
import type { EntryName, Reach } from '../schedule/schedule.ts'
import type { PeerCache, PeerEntry } from './peer.ts'

/**
 * Another library in the place of Granary. What it has no call for is done by the nearest means: a batch is one read per
 * row, a refresh a deletion and a read, a write-through the write and a `set`, a name the deletion of its keys; strong reads are
 * plain ones. Where an answer came from it does not say, so every answer may lag as if it came from memory.
 */
export class PeerSubject implements Subject {
  readonly #cache: PeerCache<Row>

  constructor(cache: PeerCache<Row>) {
    this.#cache = cache
  }

  async ask(how: Asking, entry: Entry, load: Load): Promise<Answer | undefined> {
    if (how === 'peek') return undefined
    if (how === 'refresh') await this.#cache.delete(peerEntryOf(entry))
    return answer(await this.#cache.getOrSet(peerEntryOf(entry), () => load(entry.row)))
  }

  async askMany(name: EntryName, rows: readonly number[], load: Load): Promise<readonly Answer[]> {
    return Promise.all(
      rows.map(async (row) => answer(await this.#cache.getOrSet(peerEntryOf({ name, row }), () => load(row)))),
    )
  }

  async invalidate(reach: Reach, entry: Entry): Promise<Delivery> {
    const { deleteByTag, clear } = this.#cache
    const { name, row } = entry
    if (reach === 'key') await this.#cache.delete(peerEntryOf(entry))
    else if (reach === 'namespace' && clear !== undefined) await clear()
    else if (reach === 'row' && deleteByTag !== undefined) await deleteByTag([`row:${row}`])
    else if (reach === 'group' && deleteByTag !== undefined) await deleteByTag([`group:${groupOf(row)}`])
    else await Promise.all(entriesIn(reach, name, row).map((each) => this.#cache.delete(peerEntryOf(each))))
    return { delivered: true }
  }

  async put(entry: Entry, write: () => Promise<Row>): Promise<Delivery> {
    await this.#cache.set(peerEntryOf(entry), await write())
    return { delivered: true }
  }

  async set(entry: Entry, value: Row): Promise<Delivery> {
    await this.#cache.set(peerEntryOf(entry), value)
    return { delivered: true }
  }

  async whenDelivered(): Promise<void> {}

  inspect() {
    return { flights: 0, background: 0, puts: 0, queued: 0, connected: true, failures: 0 }
  }

  async close(): Promise<void> {
    await this.#cache.close()
  }
}

function peerEntryOf({ name, row }: Entry): PeerEntry {
  return { key: `${name}-${row}`, ttl: TTLS[name], tags: tagsOf(row) }
}

function entriesIn(reach: Reach, name: EntryName, row: number): Entry[] {
  const rows = ALL_ROWS.filter((each) => reach !== 'row' || each === row).filter(
    (each) => reach !== 'group' || groupOf(each) === groupOf(row),
  )
  return rows.flatMap((each) => (reach === 'name' ? [name] : NAMES).map((of) => ({ name: of, row: each })))
}

/** Dates come back as text from whatever stores JSON; that is told in the comparison, and not counted here. */
function answer(value: Row): Answer {
  return { value: { ...value, at: new Date(value.at) }, tier: undefined, mayLag: true }
}
