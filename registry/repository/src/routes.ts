import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Router } from '@koa/router'
import { maxMetadataBytes, parseTargetPath, publisherOfRole } from '@opsflux/registry-metadata'
import { OpsFluxError, type Json } from '@opsflux/sdk'
import type { Context } from 'koa'
import { acceptRelease } from './publish.ts'
import { publisherNamed } from './publishers.ts'
import type { Repository } from './repository.ts'
import { readJsonBody } from './json-body.ts'
import { receiveUpload } from './uploads.ts'

/** What hosts read: `/metadata/…` and `/targets/…`, by the names of consistent snapshots (TUF 6.2). */
export function readingRoutes(repository: Repository): Router {
  const { store } = repository
  const router = new Router()
  router.get('/metadata/:file', async (context) => {
    const named = parseMetadataName(context.params['file'] ?? '')
    const bytes = named && await store.readMetadata(named.role, named.version)
    if (!bytes) return
    context.body = bytes
    context.type = 'application/json'
    context.set('cache-control', 'no-cache')
  })
  router.get('/targets/:id/:file', async (context) => {
    const path = artifactOf(repository, context.params['id'] ?? '', context.params['file'] ?? '')
    const found = path === undefined ? undefined : await stat(path).catch(() => undefined)
    if (path === undefined || !found) return
    context.type = 'application/gzip'
    context.set('cache-control', 'public, max-age=31536000, immutable')
    context.status = 200
    context.length = found.size
    if (context.method === 'GET') context.body = createReadStream(path)
  })
  return router
}

/** What publishers use. */
export function publishingRoutes(repository: Repository): Router {
  const router = new Router({ prefix: '/api' })
  router.get('/publishers/:name', async (context) => {
    const state = await repository.state()
    const { name, prefixes, keys } = publisherNamed(state.targets.signed, context.params['name'] ?? '')
    const file = await repository.publisherFile(state, name)
    const metadata: Json = file ? JSON.parse(file.toString('utf8')) : null
    context.body = { name, prefixes, keyids: keys.map((key) => key.keyid), metadata }
  })
  router.put('/uploads/:sha256', async (context) => {
    const sha256 = context.params['sha256'] ?? ''
    await receiveUpload(repository.store, sha256, context.req, declaredSize(context as unknown as Context))
    context.status = 201
    context.body = { sha256 }
  })
  router.post('/publishers/:name/releases', async (context) => {
    const body = await readJsonBody(context.req, maxMetadataBytes.targets + 1_000)
    if (body['metadata'] === undefined) throw new OpsFluxError('invalid-request', 'The body has no "metadata". Send {"metadata": <the signed metadata of the publisher>}.')
    context.body = await acceptRelease(repository, context.params['name'] ?? '', body['metadata'])
    context.status = 201
  })
  return router
}

function parseMetadataName(file: string): { role: string; version?: number } | undefined {
  if (file === 'timestamp.json') return { role: 'timestamp' }
  const [, digits = '', role = ''] = /^([1-9]\d{0,14})\.([a-z0-9-]+)\.json$/.exec(file) ?? []
  if (!['root', 'snapshot', 'targets'].includes(role) && publisherOfRole(role) === undefined) return undefined
  return { role, version: Number(digits) }
}

function artifactOf({ store }: Repository, id: string, file: string): string | undefined {
  const [, digest = '', name = ''] = /^([0-9a-f]{64})\.(.+)$/.exec(file) ?? []
  const target = parseTargetPath(`${id}/${name}`)
  return target && store.artifactPath(target.id, target.version, digest)
}

function declaredSize(context: Context): number | undefined {
  const text = context.get('content-length')
  return text === '' ? undefined : Number(text)
}
