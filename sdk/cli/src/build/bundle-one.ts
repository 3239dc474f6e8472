import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { OpsFluxError } from '@opsflux/sdk'
import { rolldown, type OutputChunk } from 'rolldown'
import { importRules } from './import-rules.ts'

export interface Bundle {
  code: string
  /** Absolute paths of the modules in it. */
  modules: string[]
}

/**
 * Bundles a file and all it imports into one ES module without imports.
 * It holds no path of this machine and is the same for the same sources.
 */
export async function bundleOne(root: string, entry: string, why: string): Promise<Bundle> {
  const chunks = await bundle(root, entry, why).catch((cause: unknown) => {
    throw new OpsFluxError('validation-failed', `${entry} cannot be bundled: ${firstLines(cause, root)}`, { cause })
  })
  const [chunk] = chunks
  if (!chunk || chunks.length > 1 || chunk.imports.length > 0 || chunk.dynamicImports.length > 0) {
    throw new OpsFluxError('validation-failed', `${entry} still has imports after bundling: ${chunk?.imports.join(', ') ?? 'nothing came out'}. Remove them.`)
  }
  if (!chunk.exports.includes('default')) throw new OpsFluxError('validation-failed', `${entry} has no default export. Add one.`)
  return { code: chunk.code, modules: chunk.moduleIds }
}

async function bundle(root: string, entry: string, why: string): Promise<OutputChunk[]> {
  await using build = await rolldown({
    input: join(root, entry), cwd: root, platform: 'neutral', tsconfig: false, transform: { target: 'es2022' },
    resolve: { mainFields: ['module', 'main'] },
    experimental: { attachDebugInfo: 'none' },
    plugins: [importRules(root, { own: ['@opsflux/sdk'], shared: [], why })],
    onLog: (level, log) => {
      if (level === 'warn' && log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message)
    },
  })
  const { output } = await build.generate({ format: 'esm', codeSplitting: false, comments: false, minify: false, sourcemap: false })
  return output.filter((part) => part.type === 'chunk')
}

/** What a bundler says, without colours, code frames beyond a few lines, or the path of the staging folder. */
export function firstLines(cause: unknown, root: string): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  return stripVTControlCharacters(message).replaceAll(`${root}/`, '').replaceAll(root, '.').split('\n').slice(0, 12).join('\n')
}
