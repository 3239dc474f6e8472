import Router from '@koa/router'
import type { Context } from 'koa'
import { Type } from 'typebox'
import { addRoute } from '@opsflux/kernel'
import type { Session } from '@opsflux/sdk'
import { sessionCookie, signedIn } from './authenticate.ts'
import { sessionHours, type Identity } from './identity.ts'
import { maxPasswordLength } from './passwords.ts'

// PostgreSQL stores no NUL in a text.
const withoutNul = '^[^\\u0000]*$'
const password = Type.String({ minLength: 1, maxLength: maxPasswordLength })

/** Sign-in, session, password and language of the caller. `sessionFor` builds what the shell shows. */
export function identityRoutes(identity: Identity, sessionFor: (token: string) => Promise<Session>): Router {
  const router = new Router({ prefix: '/api' })
  const setCookie = (context: Context, token: string | undefined): void => {
    context.cookies.set(sessionCookie, token ?? '', { httpOnly: true, sameSite: 'lax', path: '/', overwrite: true, secure: context.secure, maxAge: token ? sessionHours * 3_600_000 : 0 })
  }

  addRoute(router, {
    method: 'post', path: '/auth/sign-in', body: Type.Object({ email: Type.String({ minLength: 3, maxLength: 254, pattern: withoutNul }), password }, { additionalProperties: false }),
    handler: async ({ body, context }) => {
      const token = await identity.signIn(body.email.trim(), body.password)
      setCookie(context, token)
      return sessionFor(token)
    },
  })
  addRoute(router, {
    method: 'post', path: '/auth/sign-out',
    handler: async ({ context }) => {
      const token = context.cookies.get(sessionCookie)
      if (token) await identity.signOut(token)
      setCookie(context, undefined)
    },
  })
  addRoute(router, {
    method: 'post', path: '/auth/password', body: Type.Object({ current: password, next: Type.String({ maxLength: 1_000 }) }, { additionalProperties: false }),
    handler: async ({ body, context }) => {
      const { token } = signedIn(context)
      await identity.changePassword(token, body.current, body.next)
      return sessionFor(token)
    },
  })
  addRoute(router, { method: 'get', path: '/session', handler: ({ context }) => sessionFor(signedIn(context).token) })
  addRoute(router, {
    method: 'patch', path: '/me', body: Type.Object({ locale: Type.Union([Type.Literal('en'), Type.Literal('fr'), Type.Literal('es'), Type.Literal('pt')]) }, { additionalProperties: false }),
    handler: async ({ body, context }) => {
      const { token } = signedIn(context)
      await identity.changeLocale(token, body.locale)
      return sessionFor(token)
    },
  })
  addRoute(router, {
    method: 'get', path: '/users', query: Type.Object({ q: Type.Optional(Type.String({ maxLength: 100, pattern: withoutNul })) }),
    handler: async ({ query, context }) => {
      const caller = signedIn(context)
      return { data: await identity.users({ tenantId: caller.tenantId, userId: caller.id }, query.q) }
    },
  })
  return router
}
