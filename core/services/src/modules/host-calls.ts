import type { EntityAggregate, EntityQuery, EntityTransaction, EntityWhere } from '@opsflux/data'
import type { HostCall, HostCallCaller, HostCalls } from '@opsflux/kernel'
import type { HttpRequest, HttpResponse, Json } from '@opsflux/sdk'
import { fetchSchema } from '../outbound/index.ts'

/** What the host remembers of a call into a plugin while it runs. */
export interface PluginCallContext {
  pluginId: string
  transaction: EntityTransaction
  /** {@link Http.fetch} of the SDK, for this call. */
  fetch(url: string, request: HttpRequest | undefined, signal: AbortSignal): Promise<HttpResponse>
  /** A secret of the plugin, for this call's organisation. */
  secret(name: string): Promise<string>
  log(level: 'info' | 'warn', message: string): void
}

const entity = { type: 'string', maxLength: 60 }
const id = { type: 'string', maxLength: 36 }
const object = { type: 'object' }
const args = (properties: Record<string, object>, required: string[]): object => ({ type: 'object', properties, required, additionalProperties: false })

/**
 * Every call a plugin can make, in one table: name, arguments, capability.
 * All `db` calls ride the transaction, the tenant and the rights of the request they serve.
 */
export const hostCalls: HostCalls<PluginCallContext> = new Map<string, HostCall<PluginCallContext>>([
  ['db.find', call<{ entity: string; query?: EntityQuery }>(args({ entity, query: object }, ['entity']), async ({ entity: name, query }, { transaction }) => (await transaction.list(name, query ?? {})).data)],
  ['db.findOne', call<{ entity: string; id: string }>(args({ entity, id }, ['entity', 'id']), async (input, { transaction }) => (await transaction.findOne(input.entity, input.id)) ?? null)],
  ['db.count', call<{ entity: string; where?: EntityWhere }>(args({ entity, where: object }, ['entity']), (input, { transaction }) => transaction.count(input.entity, input.where ?? {}))],
  ['db.aggregate', call<{ entity: string; aggregate: EntityAggregate }>(args({ entity, aggregate: object }, ['entity', 'aggregate']), (input, { transaction }) => transaction.aggregate(input.entity, input.aggregate))],
  ['db.create', writing<{ entity: string; input: Json }>(args({ entity, input: object }, ['entity', 'input']), ({ entity: name, input }, { transaction }) => transaction.create(name, input))],
  ['db.update', writing<{ entity: string; id: string; changes: Json }>(args({ entity, id, changes: object }, ['entity', 'id', 'changes']), (input, { transaction }) => transaction.update(input.entity, input.id, input.changes))],
  ['db.delete', writing<{ entity: string; id: string }>(args({ entity, id }, ['entity', 'id']), async (input, { transaction }) => { await transaction.remove(input.entity, input.id); return null })],
  ['db.transition', writing<{ entity: string; id: string; name: string }>(args({ entity, id, name: entity }, ['entity', 'id', 'name']), (input, { transaction }) => transaction.transition(input.entity, input.id, input.name))],
  ['users.names', {
    ...call<{ ids: string[] }>(args({ ids: { type: 'array', items: id, maxItems: 200 } }, ['ids']), async ({ ids }, { transaction }) => Object.fromEntries(await transaction.userNames(ids))),
    capability: 'users.read',
  }],
  ['http.fetch', {
    ...call<{ url: string; request?: HttpRequest }>(fetchSchema, ({ url, request }, context, { signal }) => context.fetch(url, request, signal)),
    capability: 'http.fetch', writes: (input) => !isSafe((input as { request?: HttpRequest }).request),
  }],
  ['secrets.get', { ...call<{ name: string }>(args({ name: { type: 'string', maxLength: 100 } }, ['name']), ({ name }, context) => context.secret(name)), capability: 'secrets.read' }],
  ['log.write', call<{ level: 'info' | 'warn'; message: string }>(args({ level: { enum: ['info', 'warn'] }, message: { type: 'string', maxLength: 2_000 } }, ['level', 'message']), async ({ level, message }, context) => {
    context.log(level, message)
    return null
  })],
])

// RFC 9110 §9.2.1: what may be sent twice without asking twice.
const isSafe = ({ method = 'GET' }: HttpRequest = {}): boolean => method === 'GET' || method === 'HEAD'

function writing<A>(schema: object, handle: (args: A, context: PluginCallContext, caller: HostCallCaller) => Promise<unknown>): HostCall<PluginCallContext> {
  return { ...call(schema, handle), writes: true }
}

// The arguments were validated against `schema` by the sandbox before `handle` runs.
function call<A>(schema: object, handle: (args: A, context: PluginCallContext, caller: HostCallCaller) => Promise<unknown>): HostCall<PluginCallContext> {
  return { schema, handle: async (input, context, caller) => (await handle(input as A, context, caller)) as Json }
}
