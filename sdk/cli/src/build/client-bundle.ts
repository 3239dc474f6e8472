import { hash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { classLimits, isSafeClass, OpsFluxError, type ClientBundle } from '@opsflux/sdk'
import { Scanner } from '@tailwindcss/oxide'
import vue from '@vitejs/plugin-vue'
import { build, type Rolldown } from 'vite'
import { firstLines } from './bundle-one.ts'
import { importRules, sharedModules } from './import-rules.ts'

export interface BuiltClient {
  bundle: ClientBundle
  files: Map<string, Buffer>
  /** Absolute paths of the modules in it. */
  modules: string[]
}

/** Bundles `client/index.ts` to ES modules that share the shell's libraries, and lists the class names it uses. */
export async function buildClient(root: string): Promise<BuiltClient> {
  const output = await bundleClient(root).catch((cause: unknown) => {
    throw new OpsFluxError('validation-failed', `client/index.ts cannot be bundled: ${firstLines(cause, root)}`, { cause })
  })
  const files = new Map(output.map((part) => [`client/${part.fileName}`, Buffer.from(part.type === 'chunk' ? part.code : part.source)]))
  const entry = output.find((part) => part.type === 'chunk' && part.isEntry)
  if (entry?.type !== 'chunk' || !entry.exports.includes('default')) throw new OpsFluxError('validation-failed', 'client/index.ts has no default export. Export `defineClient({ … })`.')
  const paths = [...files.keys()].toSorted()
  const css = paths.filter((path) => path.endsWith('.css'))
  for (const path of css) checkStyles(files.get(path)?.toString('utf8') ?? '')
  const integrity = Object.fromEntries(paths.map((path) => [path, `sha384-${hash('sha384', files.get(path) ?? '', 'base64')}`]))
  const modules = output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []))
  return { files, modules, bundle: { entry: `client/${entry.fileName}`, css, integrity, classes: await classesOf(join(root, 'client')) } }
}

async function bundleClient(root: string): Promise<(Rolldown.OutputChunk | Rolldown.OutputAsset)[]> {
  const result = await build({
    root, base: './', configFile: false, envFile: false, publicDir: false, logLevel: 'silent', mode: 'production', define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [importRules(root, { own: ['@opsflux/sdk'], shared: sharedModules, why: 'client code runs in a browser' }), vue({ isProduction: true })],
    build: {
      target: 'es2022', write: false, cssCodeSplit: false, modulePreload: false, sourcemap: false, reportCompressedSize: false, copyPublicDir: false,
      lib: { entry: join(root, 'client/index.ts'), formats: ['es'], cssFileName: 'style' },
      rolldownOptions: {
        external: [...sharedModules], experimental: { attachDebugInfo: 'none' },
        output: { entryFileNames: 'index-[hash].js', chunkFileNames: '[name]-[hash].js', assetFileNames: '[name]-[hash][extname]', comments: false },
      },
    },
  })
  return (Array.isArray(result) ? result : [result]).flatMap((part) => ('output' in part ? part.output : []))
}

/** Utilities of a plugin's own would come behind the shell's and undo them; the host compiles one sheet from the class lists instead. */
function checkStyles(css: string): void {
  const wrong = /@layer\s+(theme|base|components|utilities)\b|@import\b|@tailwind\b|url\(\s*['"]?(?:https?:)?\/\//.exec(css)?.[0]
  if (wrong) throw new OpsFluxError('validation-failed', `The styles of the plugin contain "${wrong}". Use class names of the platform, or plain rules with files of your own.`)
}

async function classesOf(folder: string): Promise<string[]> {
  const found = new Set<string>()
  const scanner = new Scanner({ sources: [] })
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !['.vue', '.ts', '.js'].includes(extname(entry.name)) || entry.name.endsWith('.d.ts')) continue
    const content = await readFile(join(entry.parentPath, entry.name), 'utf8')
    for (const candidate of scanner.scanFiles([{ content, extension: extname(entry.name).slice(1) }])) found.add(candidate)
  }
  const classes = [...found].filter(isSafeClass).toSorted()
  if (classes.length > classLimits.count) throw new OpsFluxError('validation-failed', `The client uses ${classes.length} class names; a module may have ${classLimits.count}. Move repeated styles to the components of @opsflux/ui.`)
  return classes
}
