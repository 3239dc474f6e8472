import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Router } from '@koa/router'
import { maxArchives, maxMetadataBytes, parseTargetPath, publisherOfArchive, publisherOfRole } from '@opsflux/registry-metadata'
import { OpsFluxError, type Json } from '@opsflux/sdk'
import type { Context } from 'koa'
import { acceptRelease } from './publish.ts'
import { publisherNamed, publishersOf } from './publishers.ts'
import type { Repository } from './repository.ts'
import { readJsonBody } from './json-body.ts'
import { isSignedUpload, receiveUpload } from './uploads.ts'

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
    const archives = archivesIn(state.snapshot.signed.meta, name)
    context.body = { name, prefixes, keyids: keys.map((key) => key.keyid), metadata, ...(archives.length > 0 ? { archives } : {}) }
  })
  router.put('/uploads/:sha256', async (context) => {
    const sha256 = context.params['sha256'] ?? ''
    const plain = context as unknown as Context
    await receiveUpload(repository.store, sha256, context.req, declaredSize(plain), await isFromPublisher(repository, plain, sha256))
    context.status = 201
    context.body = { sha256 }
  })
  router.post('/publishers/:name/releases', async (context) => {
    const body = await readJsonBody(context.req, maxMetadataBytes.targets + 1_000)
    if (body['metadata'] === undefined) throw new OpsFluxError('invalid-request', 'The body has no "metadata". Send {"metadata": <the signed metadata of the publisher>}.')
    context.body = await acceptRelease(repository, context.params['name'] ?? '', { metadata: body['metadata'], archives: readArchives(body['archives']) })
    context.status = 201
  })
  return router
}

/** `x-opsflux-publisher` and `x-opsflux-signature` say who uploads; without them an upload is a stranger's. */
async function isFromPublisher(repository: Repository, context: Context, sha256: string): Promise<boolean> {
  const name = context.get('x-opsflux-publisher')
  if (name === '') return false
  const { targets } = await repository.state()
  return isSignedUpload(publishersOf(targets.signed).find((publisher) => publisher.name === name), sha256, context.get('x-opsflux-signature'))
}

/** Where a publisher's older releases are listed, for whoever signs on top of them. */
function archivesIn(files: Readonly<Record<string, { version: number }>>, publisher: string): { role: string; version: number }[] {
  const all = Object.entries(files).flatMap(([file, { version }]) => {
    const role = file.slice(0, -'.json'.length)
    const archive = publisherOfArchive(role)
    return archive?.publisher === publisher ? [{ role, version, number: archive.number }] : []
  })
  return all.toSorted((one, other) => one.number - other.number).map(({ role, version }) => ({ role, version }))
}

/** Digests of uploaded archives by role. @throws invalid-request */
function readArchives(value: Json | undefined): Map<string, string> {
  if (value === undefined) return new Map()
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value)
  const archives = isRecord ? Object.entries(value).flatMap(([role, digest]): [string, string][] => (typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest) ? [[role, digest]] : [])) : []
  if (!isRecord || archives.length !== Object.keys(value).length || archives.length > maxArchives) throw new OpsFluxError('invalid-request', 'The "archives" are not SHA-256 digests of uploads by role.')
  return new Map(archives)
}

function parseMetadataName(file: string): { role: string; version?: number } | undefined {
  if (file === 'timestamp.json') return { role: 'timestamp' }
  const [, digits = '', role = ''] = /^([1-9]\d{0,14})\.([a-z0-9-]+(?:\.\d{1,3})?)\.json$/.exec(file) ?? []
  if (!['root', 'snapshot', 'targets'].includes(role) && publisherOfRole(role) === undefined && !publisherOfArchive(role)) return undefined
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
