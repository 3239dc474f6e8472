import type { Middleware } from 'koa'

/** OWASP Secure Headers; the page itself adds its content security policy. */
export function securityHeaders(): Middleware {
  return async (context, next) => {
    context.set({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': 'camera=(self), geolocation=(self), microphone=()',
    })
    if (context.path.startsWith('/api/')) context.set('cache-control', 'no-store')
    await next()
  }
}
