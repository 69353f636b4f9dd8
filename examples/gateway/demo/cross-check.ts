import { isDeepStrictEqual } from 'node:util'
import type { Database } from '../src/database/database.ts'
import { formatMoney } from '../src/domain/money.ts'
import { SeededRandom } from '../src/seed/random.ts'
import type { World } from './oracle/world.ts'

const SAMPLE = 300

/** What the database holds of one user, in the form of the driver's world. */
interface Row {
  readonly username: string
  readonly tier: string
  readonly isActive: boolean
  readonly settings: unknown
  readonly allowance: string
  readonly purchased: string
  readonly planId: number | null
  readonly keys: readonly { readonly id: number; readonly name: string; readonly isActive: boolean }[]
}

/**
 * Compares a sample of users, and the whole catalog, with the database; resolves to what differs.
 *
 * The oracle judged every answer by what the driver believes to be true. This shows that the driver believes the right
 * thing.
 */
export async function crossCheck(database: Database, world: World, seed: number): Promise<string[]> {
  const random = new SeededRandom(seed)
  const ids = [...world.users.keys()]
  const differences: string[] = []
  for (let checked = 0; checked < SAMPLE; checked += 1) {
    const id = random.pick(ids)
    const [held] = await database.query<Row>(USER, [id])
    const believed = believedOf(world, id)
    if (!isDeepStrictEqual(held, believed)) {
      differences.push(
        `user ${id}: the database holds ${JSON.stringify(held)}, the driver expects ${JSON.stringify(believed)}`,
      )
    }
  }
  return [...differences, ...(await catalogDifferences(database, world))]
}

const USER = `select username, tier, is_active as "isActive", settings, subscription_allowance as allowance,
    purchased_credits as purchased,
    (select plan_id from user_plans where user_id = users.id and user_plans.is_active) as "planId",
    (select json_agg(json_build_object('id', id, 'name', key_name, 'isActive', is_active) order by id)
     from api_keys_new where user_id = users.id) as keys
  from users where id = $1`

function believedOf(world: World, id: number): Row {
  const { user, money, planId, keys } = world.user(id)
  const { username, tier, isActive, settings } = user.current
  return {
    username,
    tier,
    isActive,
    settings,
    allowance: formatMoney(money.current.allowance),
    purchased: formatMoney(money.current.purchased),
    planId: planId.current,
    keys: keys.current.map(({ id: keyId, name, isActive: active }) => ({ id: keyId, name, isActive: active })),
  }
}

async function catalogDifferences(database: Database, world: World): Promise<string[]> {
  const held = await database.query<{ id: string; listed: boolean; input: string | null }>(
    `select providers.slug || '/' || provider_model_id as id, models.is_active as listed,
       price_per_input_token::text as input
     from models join providers on providers.id = models.provider_id
       left join model_pricing on model_pricing.model_id = models.id`,
  )
  const { models } = world.catalog.current
  const differences = held.flatMap(({ id, listed, input }) => {
    const believed = models.get(id)
    const same = believed?.listed === listed && (believed.model.price?.input ?? null) === input
    return same ? [] : [`model ${id}: the database holds ${listed}, ${input}`]
  })
  return held.length === models.size ? differences : [...differences, `${held.length} models, ${models.size} expected`]
}
