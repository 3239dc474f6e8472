import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

/** What the host needs to serve the shell: `dist/shell-manifest.json`. */
export interface ShellManifest {
  /** Bare names that plugins import, and the chunk each stands for. */
  imports: Record<string, string>
  /** Subresource integrity of every script of the shell, by URL. */
  integrity: Record<string, string>
  /** Tailwind class names of the shell and the kit. */
  classes: string[]
  /** The stylesheet's source, in `dist`. */
  cssEntry: string
}

/**
 * Makes each shared module an entry chunk of its own. Shell and plugins import the same URL, so there is one Vue,
 * one router and one kit in the page by construction.
 */
export function sharedModules(shared: Record<string, string>, styles: () => Promise<Pick<ShellManifest, 'classes' | 'cssEntry'>>): Plugin {
  const references = new Map<string, string>()
  return {
    name: 'opsflux:shared-modules',
    apply: 'build',
    buildStart() {
      for (const [specifier, id] of Object.entries(shared)) {
        const name = `shared-${specifier.replace(/[@/]/g, '_')}`
        references.set(specifier, this.emitFile({ type: 'chunk', id, name, preserveSignature: 'strict' }))
      }
    },
    writeBundle: {
      order: 'post',
      sequential: true,
      // Hashes are of the files on disk: Vite still edits chunks after transformIndexHtml.
      async handler(options, bundle) {
        const folder = options.dir
        if (!folder) throw new Error('The shell is built into a folder.')
        const imports = Object.fromEntries([...references].map(([specifier, reference]) => [specifier, `/${this.getFileName(reference)}`]))
        const scripts = Object.values(bundle).filter((file) => file.type === 'chunk').map((file) => file.fileName)
        const integrity = Object.fromEntries(scripts.toSorted().map((file) => [`/${file}`, sriOf(join(folder, file))]))
        const manifest: ShellManifest = { imports, integrity, ...await styles() }
        writeFileSync(join(folder, 'shell-manifest.json'), JSON.stringify(manifest, undefined, 1))
        const index = join(folder, 'index.html')
        writeFileSync(index, withIntegrity(readFileSync(index, 'utf8'), integrity))
      },
    },
  }
}

function sriOf(path: string): string {
  return `sha384-${createHash('sha384').update(readFileSync(path)).digest('base64')}`
}

// A preload without the integrity of the later import is fetched twice.
function withIntegrity(html: string, integrity: Record<string, string>): string {
  return html.replace(/<(?:link rel="modulepreload"|script type="module") crossorigin (?:href|src)="([^"]+)"/g, (tag, url: string) => (integrity[url] ? `${tag} integrity="${integrity[url]}"` : tag))
}
