import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OpsFluxError } from '@opsflux/sdk'

const optional = ['icon.svg', 'LICENSE']

/** README, change log, icon and licence, by path. The change log must say what this release brings. */
export async function readDocuments(root: string, version: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for (const name of ['README.md', 'CHANGELOG.md', ...optional]) {
    const bytes = await readFile(join(root, name)).catch(() => undefined)
    if (bytes) files.set(name, bytes)
    else if (!optional.includes(name)) throw new OpsFluxError('validation-failed', `${name} is missing. Write it: people read it before they install.`)
  }
  const headings = [...(files.get('CHANGELOG.md')?.toString('utf8') ?? '').matchAll(/^## \[?([^\s\]]+)\]?/gm)].map((heading) => heading[1])
  if (!headings.includes(version)) {
    throw new OpsFluxError('validation-failed', `CHANGELOG.md has no section "## ${version}". Write what this release brings.`)
  }
  return files
}
