import { join } from 'node:path'
import { openUnpacked, type OpenedPackage, type PackageContent } from '@opsflux/registry-client'
import type { PluginManifest } from '@opsflux/sdk'
import { sha256 } from './sha256.ts'
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
  /** Sha-256 of the package's manifest, which lists every file. */
  seal: string
  messages(locale: string): Promise<Messages>
  /** Answers the folder it is unpacked in. */
  unpack(modulesFolder: string): Promise<string>
}

export const folderName = (manifest: Pick<PluginManifest, 'id' | 'version'>, digest: string): string => join(manifest.id, `${manifest.version}-${digest.slice(0, 12)}`)

export function targetOfPackage(opened: OpenedPackage): TargetRelease {
  return targetOf(opened, opened.plugin, opened.digest, async (modulesFolder) => {
    const folder = join(modulesFolder, folderName(opened.plugin, opened.digest))
    await opened.unpackTo(folder)
    return folder
  })
}

/** A release whose unpacked folder is still here: a roll-back needs no registry. @throws package-refused when a file was changed on disk */
export async function targetOfFolder(folder: string, digest: string): Promise<TargetRelease> {
  const content = await openUnpacked(folder)
  return targetOf(content, JSON.parse(content.text('plugin.json')) as PluginManifest, digest, async () => folder)
}

function targetOf(content: PackageContent, manifest: PluginManifest, digest: string, unpack: TargetRelease['unpack']): TargetRelease {
  const migrations = manifest.migrations.map(({ id, reversible }) => ({
    id, upSql: content.text(`migrations/${id}.up.sql`), ...(reversible ? { downSql: content.text(`migrations/${id}.down.sql`) } : {}),
  }))
  const messages = (locale: string): Promise<Messages> => readMessages(manifest, locale, (path) => content.text(path))
  return { manifest, digest, migrations, changelog: content.text('CHANGELOG.md'), seal: sha256(content.manifestBytes), messages, unpack }
}

/** The sections of a CHANGELOG.md (`## 1.1.0`), newest first as written. */
export function changelogSections(markdown: string): { version: string; notes: string }[] {
  return markdown.split(/^## /m).slice(1).map((section) => {
    const [heading = '', ...rest] = section.split('\n')
    return { version: heading.trim().replace(/^\[?v?([^\s\]]+).*$/, '$1'), notes: rest.join('\n').trim() }
  })
}
