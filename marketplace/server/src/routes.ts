import { Router } from '@koa/router'
import { OpsFluxError } from '@opsflux/sdk'
import type { Catalogue, CatalogueModule } from './catalogue.ts'

const maxSearchLength = 200

/** The catalogue as hosts and the storefront read it. */
export function catalogueRoutes(catalogue: Catalogue): Router {
  const router = new Router({ prefix: '/api' })
  router.get('/catalogue', (context) => {
    const asked = context.query['q'] ?? ''
    if (typeof asked !== 'string' || asked.length > maxSearchLength) throw new OpsFluxError('invalid-request', `The search "q" is one text of at most ${maxSearchLength} characters.`)
    context.body = { data: catalogue.search(asked).map(entryOf) }
  })
  router.get('/catalogue/:id', (context) => {
    const found = catalogue.module(context.params['id'] ?? '')
    const { readme, changelog, capabilities, secrets, permissions, menus, entities, iconSvg } = found.presentation
    context.body = { ...entryOf(found), readme, changelog, capabilities, secrets, permissions, menus, entities, iconSvg }
  })
  router.post('/refresh', async (context) => {
    await catalogue.refresh()
    context.body = { modules: catalogue.search('').length, refreshedAt: catalogue.refreshedAt?.toISOString() }
  })
  return router
}

function entryOf({ presentation, releases, latest }: CatalogueModule): object {
  const { id, name, summary, icon, category, publisher, texts } = presentation
  const versions = releases.map(({ version, digest, size, publishedAt }) => ({ version, digest, size, publishedAt }))
  return { id, name, summary, icon, category, publisher, texts, latest, versions }
}
