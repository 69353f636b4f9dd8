import { createCache } from '@granary/core'
import { Cached, configureGranary, defineTags, Invalidates } from '@granary/decorators'

// Memory only. With `redis: 'env'` the same program shares its entries with every other process.
const cache = createCache({ namespace: 'quickstart' })
configureGranary({ cache })

const tags = defineTags({ reader: (id: number) => `reader:${id}` })

interface Reader {
  readonly name: string
  readonly joined: Date
}

const table = new Map<number, Reader>([[7, { name: 'Ada', joined: new Date('2024-02-29') }]])

class Library {
  @Cached({ name: 'library:reader', ttl: '5m', tags: (_reader: Reader, id: number) => [tags.reader(id)] })
  async reader(id: number): Promise<Reader | undefined> {
    console.log(`  (asking the database for reader ${id})`)
    return table.get(id)
  }

  @Invalidates({ tags: (id: number) => [tags.reader(id)] })
  async rename(id: number, name: string): Promise<void> {
    table.set(id, { joined: new Date(), ...table.get(id), name })
  }
}

const library = new Library()

async function show(step: string): Promise<void> {
  console.log(step)
  const { value, outcome, tier } = await cache.observe(() => library.reader(7))
  console.log(`  ${outcome} from ${tier}: ${value?.name}, joined in ${value?.joined.getFullYear()}`)
}

await show('first read')
await show('second read: the Date is still a Date')
await library.rename(7, 'Grace')
await show('after a rename')

const { hits, misses, hitRatePercent } = cache.stats()
console.log(`${hits} hit, ${misses} misses, hit rate ${Math.round(hitRatePercent)} %`)
await cache.close()
