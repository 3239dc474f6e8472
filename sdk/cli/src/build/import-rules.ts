import { isBuiltin } from 'node:module'
import { isAbsolute, join, relative, sep } from 'node:path'
import type { Plugin } from 'rolldown'

/** What the shell gives to every module at run time; one instance is shared by all. */
export const sharedModules = ['vue', 'vue-router', 'pinia', '@opsflux/ui', '@opsflux/ui/charts', '@opsflux/sdk/client'] as const

/** Fails the build on an import that could not work where the bundle runs, or that reaches outside the plugin. `why` says where it runs. */
export function importRules(root: string, options: { own: readonly string[]; shared: readonly string[]; why: string }): Plugin {
  const isOwn = (path: string): boolean => path.startsWith(root + sep) && !path.startsWith(join(root, 'node_modules'))
  return {
    name: 'opsflux:imports',
    resolveId: {
      order: 'pre',
      async handler(source, importer, resolving) {
        if (importer === undefined || source.startsWith('\0')) return null
        const from = relative(root, importer.split('?')[0] ?? importer)
        if (options.shared.includes(source)) return { id: source, external: true }
        if (source.startsWith('@opsflux/') && !options.own.includes(source)) this.error(`"${source}", imported by ${from}, is not open to modules: use ${[...options.own, ...options.shared].join(', ')}`)
        const isBare = /^[@\w]/.test(source) && !source.startsWith(root)
        if (!isBare && !isOwn(importer)) return null
        const found = await this.resolve(source, importer, { ...resolving, skipSelf: true })
        // A package may bear the name of a module of Node.js: "events" in node_modules is one.
        if (isBuiltin(source) && !isAbsolute(found?.id ?? '')) this.error(`"${source}" is a module of Node.js, imported by ${from}: ${options.why}`)
        if (!found || found.external) this.error(isBare
          ? `"${source}", imported by ${from}, is not shared by the platform and cannot be bundled: install it in the plugin or do without`
          : `"${source}", imported by ${from}, is not there`)
        if (!isBare && !found.id.startsWith('\0') && !isOwn(found.id)) this.error(`"${source}", imported by ${from}, is outside the plugin: move it into the plugin or make it a package`)
        return found
      },
    },
  }
}
