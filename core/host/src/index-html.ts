import { createHash } from 'node:crypto'

/** `shell-manifest.json`, as the build of the shell writes it. */
export interface ShellManifest {
  /** Bare names that plugins import, and the chunk each stands for. */
  imports: Record<string, string>
  /** Subresource integrity of every script of the shell, by URL. */
  integrity: Record<string, string>
  /** Tailwind class names of the shell and the kit. */
  classes: string[]
  /** The stylesheet's source, in the build's folder. */
  cssEntry: string
}

const placeholder = '<!--opsflux:head-->'

/**
 * The page of the shell with its one import map and its content security policy. The map is static and carries the
 * integrity of all enabled plugins: a map added later is ignored by Firefox and refused by the policy.
 */
export function renderIndex(shell: ShellManifest, html: string, plugins: { integrity: Record<string, string>; stylesheet: string }): { html: string; csp: string } {
  const scripts = Object.entries(plugins.integrity).filter(([url]) => url.endsWith('.js') || url.endsWith('.mjs'))
  const map = JSON.stringify({ imports: shell.imports, integrity: { ...shell.integrity, ...Object.fromEntries(scripts) } }).replace(/</g, '\\u003c')
  const head = `<script type="importmap">${map}</script>\n    <link rel="stylesheet" href="${escapeAttribute(plugins.stylesheet)}" data-opsflux-styles>`
  return { html: html.replace(placeholder, () => head), csp: contentSecurityPolicy(map) }
}

/** No inline script but the import map, named by its hash (a nonce would be stale in a cached page); no `unsafe-eval`. */
function contentSecurityPolicy(importMap: string): string {
  const hash = createHash('sha256').update(importMap).digest('base64')
  return [
    "default-src 'self'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    // CSP 3: 'self' covers the WebSocket of the same origin.
    "connect-src 'self'",
    "worker-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function escapeAttribute(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;')
}
