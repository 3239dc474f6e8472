import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Middleware } from 'koa'

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>OpsFlux API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/api/docs/swagger-ui.css">
    <style>tr[data-param-in="query"] textarea { min-height: 2.5rem; height: 2.5rem }</style>
  </head>
  <body>
    <main id="api"></main>
    <script src="/api/docs/swagger-ui-bundle.js"></script>
    <script src="/api/docs/start.js"></script>
  </body>
</html>
`

// `validatorUrl` would send the address of the document to a service on the Internet; `?module=…` of the page goes on to the document.
const start = `SwaggerUIBundle({
  url: '/api/openapi.json' + location.search,
  dom_id: '#api', deepLinking: true, docExpansion: 'none', filter: true, displayRequestDuration: true, validatorUrl: null, queryConfigEnabled: false, withCredentials: true,
})
`

/**
 * The policy of this page alone. Swagger UI writes style attributes and style elements, and shows its pictures as `data:`;
 * its scripts are those of this host, and it calls nobody else.
 */
const policy = [
  "default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
].join('; ')

interface Part { type: string; read(): Promise<string | Buffer>; policy?: string }

/** `GET /api/docs`: Swagger UI on the API as the caller may use it, with his session. Nothing comes from elsewhere. */
export function apiDocs(): Middleware {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const file = (name: string, type: string): [string, Part] => [`/api/docs/${name}`, { type, read: () => readFile(join(folder, name)) }]
  const parts = new Map<string, Part>([
    ['/api/docs', { type: 'text/html', read: async () => page, policy }],
    ['/api/docs/start.js', { type: 'text/javascript', read: async () => start }],
    file('swagger-ui.css', 'text/css'), file('swagger-ui-bundle.js', 'text/javascript'),
  ])
  return async (context, next) => {
    const part = context.method === 'GET' || context.method === 'HEAD' ? parts.get(context.path) : undefined
    if (!part) return next()
    context.set('cache-control', 'private, max-age=3600')
    if (part.policy) context.set('content-security-policy', part.policy)
    context.type = part.type
    context.body = await part.read()
  }
}
