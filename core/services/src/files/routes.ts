import Router from '@koa/router'
import type { Context } from 'koa'
import { Type } from 'typebox'
import { addRoute } from '@opsflux/kernel'
import { OpsFluxError } from '@opsflux/sdk'
import { signedIn, type SignedIn } from '../identity/index.ts'
import { sendContent } from './send-content.ts'
import { fileNameOf } from './file-name.ts'
import type { FileUse } from './file-uses.ts'
import type { FileReader, Files } from './files.ts'

const params = Type.Object({ id: Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' }) })

/** Whether a user may see a use of a file. */
export type UseSight = (caller: SignedIn, use: FileUse) => Promise<boolean>

/** Uploads and downloads. Goes before what reads JSON bodies: here a body is a file, whatever its type. */
export function fileRoutes(files: Files, maySee: UseSight): Router {
  const router = new Router({ prefix: '/api/files' })
  const reader = (context: Context): FileReader => {
    const caller = signedIn(context)
    return { tenantId: caller.tenantId, userId: caller.id, maySee: (use) => maySee(caller, use) }
  }
  addRoute(router, {
    method: 'post', path: '/',
    handler: async ({ context }) => {
      const owner = reader(context)
      const name = fileNameOf(context.get('x-file-name'))
      if (context.get('content-encoding') !== '') throw new OpsFluxError('invalid-request', 'Send the file as it is, without a Content-Encoding.')
      const file = await files.receive(owner, context.req, { name, declaredType: context.get('content-type') })
      context.status = 201
      context.set('location', `/api/files/${file.id}`)
      return file
    },
  })
  addRoute(router, { method: 'get', path: '/:id', params, handler: ({ params: { id }, context }) => files.find(reader(context), id) })
  addRoute(router, {
    method: 'get', path: '/:id/content', params,
    handler: async ({ params: { id }, context }) => {
      const who = reader(context)
      const file = await files.find(who, id)
      await sendContent(context, file, (range) => files.open(who, file, range))
    },
  })
  addRoute(router, { method: 'delete', path: '/:id', params, handler: ({ params: { id }, context }) => files.remove(reader(context), id) })
  return router
}
