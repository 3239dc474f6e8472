import { isBuiltin } from 'node:module'
import type { Plugin } from 'rolldown'
import { relative } from 'node:path'

/** What the shell gives to every module at run time; one instance is shared by all. */
export const sharedModules = ['vue', 'vue-router', 'pinia', '@opsflux/ui', '@opsflux/ui/charts', '@opsflux/sdk/client'] as const

/** Fails the build on an import that could not work where the bundle runs. `why` says where that is. */
export function importRules(root: string, options: { own: readonly string[]; shared: readonly string[]; why: string }): Plugin {
  return {
    name: 'opsflux:imports',
    resolveId: {
      order: 'pre',
      async handler(source, importer, resolving) {
        if (importer === undefined || source.startsWith('\0')) return null
        const from = relative(root, importer)
        if (options.shared.includes(source)) return { id: source, external: true }
        if (isBuiltin(source)) this.error(`"${source}" is a module of Node.js, imported by ${from}: ${options.why}`)
        if (source.startsWith('@opsflux/') && !options.own.includes(source)) this.error(`"${source}", imported by ${from}, is not open to modules: use ${[...options.own, ...options.shared].join(', ')}`)
        const isBare = /^[@\w]/.test(source) && !source.startsWith(root)
        if (!isBare) return null
        const found = await this.resolve(source, importer, { ...resolving, skipSelf: true })
        if (!found || found.external) this.error(`"${source}", imported by ${from}, is not shared by the platform and cannot be bundled: install it in the plugin or do without`)
        return found
      },
    },
  }
}
