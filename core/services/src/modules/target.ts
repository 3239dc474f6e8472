import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OpenedPackage } from '@opsflux/registry-client'
import type { PluginManifest } from '@opsflux/sdk'
import { readMessages, type Messages } from './localised.ts'

/** A migration with its texts. */
export interface MigrationText {
  id: string
  upSql: string
  downSql?: string
}

/** A release a plan leads to, whether it still is a package or is unpacked already. */
export interface TargetRelease {
  manifest: PluginManifest
  digest: string
  migrations: MigrationText[]
  /** `CHANGELOG.md`. */
  changelog: string
  messages(locale: string): Promise<Messages>
  /** Answers the folder it is unpacked in. */
  unpack(modulesFolder: string): Promise<string>
}

export const folderName = (manifest: Pick<PluginManifest, 'id' | 'version'>, digest: string): string => join(manifest.id, `${manifest.version}-${digest.slice(0, 12)}`)
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export function targetOfPackage(opened: OpenedPackage): TargetRelease {
  const manifest = opened.plugin
  return {
    manifest, digest: opened.digest, changelog: opened.text('CHANGELOG.md'),
    migrations: manifest.migrations.map(({ id, reversible }) => ({
      id, upSql: opened.text(`migrations/${id}.up.sql`), ...(reversible ? { downSql: opened.text(`migrations/${id}.down.sql`) } : {}),
    })),
    messages: (locale) => readMessages(manifest, locale, (path) => opened.text(path)),
    unpack: async (modulesFolder) => {
      const folder = join(modulesFolder, folderName(manifest, opened.digest))
      await opened.unpackTo(folder)
      return folder
    },
  }
}

/** A release whose unpacked folder is still here: a roll-back needs no registry. */
export async function targetOfFolder(folder: string, digest: string): Promise<TargetRelease> {
  const text = (path: string): Promise<string> => readFile(join(folder, path), 'utf8')
  const manifest = JSON.parse(await text('plugin.json')) as PluginManifest
  const migrations: MigrationText[] = []
  for (const { id, reversible } of manifest.migrations) {
    migrations.push({ id, upSql: await text(`migrations/${id}.up.sql`), ...(reversible ? { downSql: await text(`migrations/${id}.down.sql`) } : {}) })
  }
  return { manifest, digest, migrations, changelog: await text('CHANGELOG.md'), messages: (locale) => readMessages(manifest, locale, text), unpack: async () => folder }
}

/** The sections of a CHANGELOG.md (`## 1.1.0`), newest first as written. */
export function changelogSections(markdown: string): { version: string; notes: string }[] {
  return markdown.split(/^## /m).slice(1).map((section) => {
    const [heading = '', ...rest] = section.split('\n')
    return { version: heading.trim().replace(/^\[?v?([^\s\]]+).*$/, '$1'), notes: rest.join('\n').trim() }
  })
}
