import type { FastifyInstance } from 'fastify'
import type { CatalogSource, ModelEntry } from '../../catalog/catalog-entry.ts'
import { NotFound } from '../../domain/catalog.ts'
import type { Services } from '../../services/services.ts'
import { modelEntry, modelPrice, ofModel, providerState } from '../schemas.ts'

/** Where `model-sync` reads the catalog; called when somebody asks for it. */
export type ReadCatalog = () => Promise<CatalogSource>

interface NewPrice {
  readonly id: string
  readonly input: string
  readonly output: string
}

/** Changes to the catalog. */
export function adminCatalogRoutes(app: FastifyInstance, services: Services, readCatalog: ReadCatalog): void {
  const { catalogAdmin, catalog } = services

  app.post<{ Params: { provider: string } }>('/admin/model-sync/:provider', async (request) => {
    const summary = await catalogAdmin.sync(onlyOf(await readCatalog(), request.params.provider))
    // Whoever comes next finds the catalog warm; callers who come meanwhile share this load.
    await catalog.full()
    return { providers: summary.providers, changed: summary.changed.length }
  })

  app.post<{ Body: Partial<ModelEntry> & Pick<ModelEntry, 'provider' | 'id' | 'name'> }>(
    '/admin/upsert-model',
    { schema: { body: modelEntry } },
    async (request, reply) => {
      await catalogAdmin.upsertModel({ ...BARE_MODEL, ...request.body })
      return reply.code(204).send()
    },
  )

  app.post<{ Body: { id: string } }>('/admin/delist-model', { schema: { body: ofModel } }, async (request, reply) => {
    await catalogAdmin.delistModel(request.body.id)
    return reply.code(204).send()
  })

  app.post<{ Body: NewPrice }>('/admin/set-price', { schema: { body: modelPrice } }, async (request, reply) => {
    const { id, input, output } = request.body
    await catalogAdmin.setModelPrice(id, { input, output, request: '0', source: 'manual' })
    return reply.code(204).send()
  })

  app.post<{ Body: { slug: string; active: boolean } }>(
    '/admin/set-provider',
    { schema: { body: providerState } },
    async (request, reply) => {
      await catalogAdmin.setProviderActive(request.body.slug, request.body.active)
      return reply.code(204).send()
    },
  )
}

const BARE_MODEL: Omit<ModelEntry, 'provider' | 'id' | 'name'> = {
  description: null,
  contextLength: null,
  maxOutputTokens: null,
  modality: 'text->text',
  supportsFunctionCalling: false,
  supportsVision: false,
  isFree: false,
  price: null,
}

function onlyOf(source: CatalogSource, slug: string): CatalogSource {
  if (slug === 'all') return source
  const providers = source.providers.filter((provider) => provider.slug === slug)
  if (providers.length === 0) throw new NotFound(`provider ${slug}`)
  return { providers, models: source.models.filter((model) => model.provider === slug) }
}
