import { posix } from 'node:path'
import ts from 'typescript'
import { packages } from './packages.ts'
import { exists, read, sources } from './repository.ts'

export interface Import {
  /** The importing file. */
  from: string
  /** As written: `./a.ts`, `@opsflux/sdk/client`, `node:fs`. */
  specifier: string
  /** The file it means, where that is one of ours. */
  file: string | undefined
}

/** Imports and re-exports of every source, those of types and dynamic ones too. */
export const imports: readonly Import[] = sources.flatMap((from) => specifiersOf(from).map((specifier) => ({ from, specifier, file: resolve(from, specifier) })))

export function isRelative(specifier: string): boolean {
  return specifier.startsWith('.')
}

/** `@scope/name/path` → `@scope/name`; undefined for relative paths and what Node and the bundler bring. */
export function packageNameOf(specifier: string): string | undefined {
  if (isRelative(specifier) || specifier.startsWith('node:') || specifier.startsWith('virtual:')) return undefined
  return specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

function specifiersOf(path: string): string[] {
  const text = path.endsWith('.vue') ? scriptsOf(read(path)) : read(path)
  return ts.preProcessFile(text, true, false).importedFiles.map(({ fileName }) => fileName)
}

function scriptsOf(component: string): string {
  return [...component.matchAll(/<script\b[^>]*>([\s\S]*?)<\/script>/g)].map(([, script]) => script).join('\n')
}

function resolve(from: string, specifier: string): string | undefined {
  if (isRelative(specifier)) return posix.join(posix.dirname(from), specifier.split('?')[0] ?? '')
  const name = packageNameOf(specifier)
  const found = packages.find((candidate) => candidate.name === name)
  const target = found?.exports[specifier.replace(found.name, '.')]
  const path = found && target ? posix.join(found.folder, target) : undefined
  return path !== undefined && exists(path) ? path : undefined
}
