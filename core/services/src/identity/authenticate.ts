import type { Context, Middleware } from 'koa'
import type { Actor } from '@opsflux/data'
import { OpsFluxError, type PluginManifest } from '@opsflux/sdk'
import { actorOf, mayOnPlatform } from './access.ts'
import type { Identity } from './identity.ts'
import type { SignedIn } from './signed-in.ts'

export const sessionCookie = 'opsflux_session'

export interface Caller extends SignedIn {
  token: string
  actor: Actor
}

/** Who is calling. @throws not-signed-in */
export function signedIn(context: Context): Caller {
  const caller = context.state['caller'] as Caller | undefined
  if (!caller) throw new OpsFluxError('not-signed-in', 'Sign in first: there is no session, or it has ended.')
  return caller
}

/** For rights on the platform. @throws forbidden unless the caller holds `<app>.<action>.all` in the whole tenant */
export function requirePermission(context: Context, app: string, action: string): Caller {
  const caller = signedIn(context)
  if (!mayOnPlatform(caller, app, action)) throw new OpsFluxError('forbidden', `You need the permission ${app}.${action} for this. Ask an administrator.`)
  return caller
}

// Open before a one-time password is replaced.
const openWithOneTimePassword = new Set(['/api/session', '/api/auth/password', '/api/auth/sign-out', '/api/auth/sign-in'])

/** Reads the session cookie and refuses what another site's page may have sent. */
export function authenticate(identity: Identity, enabledFor: (tenantId: string) => Promise<PluginManifest[]>): Middleware {
  return async (context, next) => {
    if (!['GET', 'HEAD', 'OPTIONS'].includes(context.method)) assertSameOrigin(context)
    const token = context.cookies.get(sessionCookie)
    const user = token && context.path.startsWith('/api/') ? await identity.who(token) : undefined
    if (token && user) {
      if (user.mustChangePassword && !openWithOneTimePassword.has(context.path)) {
        throw new OpsFluxError('password-change-required', 'This was a one-time password: choose a new one first.')
      }
      context.state['caller'] = { ...user, token, actor: actorOf(user, await enabledFor(user.tenantId)) } satisfies Caller
    }
    await next()
  }
}

// OWASP CSRF Cheat Sheet, "Verifying Origin": browsers send it with every unsafe request; programs need not.
function assertSameOrigin(context: Context): void {
  const origin = context.get('origin')
  if (origin && !isSameOrigin(origin, context.host)) {
    throw new OpsFluxError('forbidden', 'This request came from a page of another site and was refused.')
  }
}

/** `null`, which sandboxed frames send, and what is no URL at all are other origins. */
export function isSameOrigin(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host
}
