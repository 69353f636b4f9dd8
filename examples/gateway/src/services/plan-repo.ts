import { Cached, Invalidates, TTL } from '@granary/decorators'
import { type Database, queryOne } from '../database/database.ts'
import { InUnitOfWork } from '../database/unit-of-work.ts'
import { NotFound } from '../domain/catalog.ts'
import type { Plan, PlanChanges, UserPlan } from '../domain/plan.ts'
import { tags } from '../tags.ts'

const PLAN_COLUMNS = `plans.id, plans.name, plans.tier, plans.plan_type as "planType", plans.description,
  plans.price_per_month as "pricePerMonth", plans.daily_request_limit as "dailyRequestLimit",
  plans.monthly_request_limit as "monthlyRequestLimit", plans.daily_token_limit as "dailyTokenLimit",
  plans.monthly_token_limit as "monthlyTokenLimit", plans.max_concurrent_requests as "maxConcurrentRequests",
  plans.features, plans.is_active as "isActive"`

/** Finds, assigns and changes plans. */
export class PlanRepo {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** The plan of this id. */
  @Cached({
    name: 'db:plan',
    ttl: TTL.PLAN,
    tags: (plan: Plan) => [tags.plan(plan.id)],
    negativeTags: (id: number) => [tags.plan(id)],
  })
  async byId(id: number): Promise<Plan | null> {
    return queryOne<Plan>(this.#database, `select ${PLAN_COLUMNS} from plans where id = $1`, [id])
  }

  /** Every plan on offer. */
  @Cached({
    name: 'db:plan:all',
    ttl: TTL.PLAN,
    tags: (plans: readonly Plan[]) => plans.map(({ id }) => tags.plan(id)),
  })
  async list(): Promise<Plan[]> {
    return this.#database.query<Plan>(`select ${PLAN_COLUMNS} from plans where is_active order by id`)
  }

  /** The plan in force for a user, or null. Changing the plan itself reaches everybody who holds it, by its tag. */
  @Cached({
    name: 'db:user_plan',
    ttl: TTL.REALTIME,
    negativeTtl: '30s',
    tags: (held: UserPlan) => [tags.user(held.userId), tags.plan(held.plan.id)],
    negativeTags: (userId: number) => [tags.user(userId)],
  })
  async forUser(userId: number): Promise<UserPlan | null> {
    const row = await queryOne<Plan & Omit<UserPlan, 'plan'>>(
      this.#database,
      `select ${PLAN_COLUMNS}, user_plans.user_id as "userId", user_plans.started_at as "startedAt",
         user_plans.expires_at as "expiresAt"
       from user_plans join plans on plans.id = user_plans.plan_id
       where user_plans.user_id = $1 and user_plans.is_active`,
      [userId],
    )
    if (row === null) return null
    const { userId: holder, startedAt, expiresAt, ...plan } = row
    return { userId: holder, plan, startedAt, expiresAt }
  }

  /** Puts a plan in force for a user, in place of the one before, and moves them to its tier. */
  @InUnitOfWork()
  @Invalidates({ tags: (userId: number) => [tags.user(userId)] })
  async assign(userId: number, planId: number): Promise<void> {
    await this.#database.transaction(async (transaction) => {
      const user = await queryOne(
        transaction,
        `update users set tier = coalesce((select tier from plans where id = $2), tier), subscription_status = 'active',
           updated_at = now()
         where id = $1 and exists (select from plans where id = $2) returning id`,
        [userId, planId],
      )
      if (user === null) throw new NotFound(`user ${userId} or plan ${planId}`)
      await transaction.query('update user_plans set is_active = false where user_id = $1 and is_active', [userId])
      await transaction.query('insert into user_plans (user_id, plan_id) values ($1, $2)', [userId, planId])
    })
  }

  /** Ends the plan in force for a user; one who holds none is left as they are. */
  @InUnitOfWork()
  @Invalidates({ tags: (userId: number) => [tags.user(userId)] })
  async cancel(userId: number): Promise<void> {
    await this.#database.transaction(async (transaction) => {
      const ended = await transaction.query(
        'update user_plans set is_active = false where user_id = $1 and is_active returning id',
        [userId],
      )
      if (ended.length === 0) return
      await transaction.query(`update users set subscription_status = 'canceled', updated_at = now() where id = $1`, [
        userId,
      ])
    })
  }

  /** Changes a plan, for everybody who holds it. */
  @InUnitOfWork()
  @Invalidates({ tags: (planId: number) => [tags.plan(planId)] })
  async update(planId: number, changes: PlanChanges): Promise<Plan> {
    const plan = await queryOne<Plan>(
      this.#database,
      `update plans set description = coalesce($2, description), price_per_month = coalesce($3, price_per_month),
         daily_request_limit = coalesce($4, daily_request_limit),
         monthly_request_limit = coalesce($5, monthly_request_limit)
       where id = $1 returning ${PLAN_COLUMNS}`,
      [
        planId,
        changes.description ?? null,
        changes.pricePerMonth ?? null,
        changes.dailyRequestLimit ?? null,
        changes.monthlyRequestLimit ?? null,
      ],
    )
    if (plan === null) throw new NotFound(`plan ${planId}`)
    return plan
  }
}
