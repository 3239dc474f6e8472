import { join } from 'node:path'
import type { OpenedPackage, PackageContent, PublicKey } from '@opsflux/registry-client'
import type { PluginManifest } from '@opsflux/sdk'
import { clearBeside, switchFolder, unpackBeside } from './folder-switch.ts'
import { readMessages, type Messages } from './localised.ts'
import { damageOf, type ReleaseSeal } from './release-seals.ts'
import { sha256 } from './sha256.ts'

/** A migration with its texts. */
export interface MigrationText {
  id: string
  upSql: string
  downSql?: string
  /** Statements that run one by one once the change is committed. */
  afterSql?: string
}

/** A release a plan leads to, whether it still is a package or is unpacked already. */
export interface TargetRelease {
  manifest: PluginManifest
  digest: string
  migrations: MigrationText[]
  /** `CHANGELOG.md`. */
  changelog: string
  seal: ReleaseSeal
  messages(locale: string): Promise<Messages>
  /** Answers the folder it is unpacked in. */
  unpack(modulesFolder: string): Promise<string>
}

export const folderName = (manifest: Pick<PluginManifest, 'id' | 'version'>, digest: string): string => join(manifest.id, `${manifest.version}-${digest.slice(0, 12)}`)

/** @param publicKeys that verified it just now; undefined when its seal is known from before */
export function targetOfPackage(opened: OpenedPackage, publicKeys?: readonly PublicKey[]): TargetRelease {
  return targetOf(opened, opened.plugin, opened.digest, publicKeys, async (modulesFolder) => {
    const folder = join(modulesFolder, folderName(opened.plugin, opened.digest))
    await opened.unpackTo(folder).catch((error: unknown) => {
      if (!damageOf(error)) throw error
      return replaceFolder(folder, opened)
    })
    return folder
  })
}

// It ran here before, and what is left of it is damaged.
async function replaceFolder(folder: string, opened: OpenedPackage): Promise<void> {
  await unpackBeside(folder, opened)
  await switchFolder(folder)
  await clearBeside(folder)
}

/** A release whose unpacked folder, checked, is still here: a roll-back needs no registry. */
export function targetOfFolder(folder: string, content: PackageContent, digest: string): TargetRelease {
  return targetOf(content, JSON.parse(content.text('plugin.json')) as PluginManifest, digest, undefined, async () => folder)
}

function targetOf(content: PackageContent, manifest: PluginManifest, digest: string, publicKeys: readonly PublicKey[] | undefined, unpack: TargetRelease['unpack']): TargetRelease {
  const migrations = manifest.migrations.map(({ id, reversible, after }) => ({
    id, upSql: content.text(`migrations/${id}.up.sql`), ...(reversible ? { downSql: content.text(`migrations/${id}.down.sql`) } : {}),
    ...(after ? { afterSql: content.text(`migrations/${id}.after.sql`) } : {}),
  }))
  const messages = (locale: string): Promise<Messages> => readMessages(manifest, locale, (path) => content.text(path))
  const seal: ReleaseSeal = { manifestSha256: sha256(content.manifestBytes), ...(publicKeys ? { publicKeys } : {}) }
  return { manifest, digest, migrations, changelog: content.text('CHANGELOG.md'), seal, messages, unpack }
}

/** The sections of a CHANGELOG.md (`## 1.1.0`), newest first as written. */
export function changelogSections(markdown: string): { version: string; notes: string }[] {
  return markdown.split(/^## /m).slice(1).map((section) => {
    const [heading = '', ...rest] = section.split('\n')
    return { version: heading.trim().replace(/^\[?v?([^\s\]]+).*$/, '$1'), notes: rest.join('\n').trim() }
  })
}
