import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { openUnpacked, packageLimits, type PackageContent, type PublicKey } from '@opsflux/registry-client'
import { isOpsFluxError, OpsFluxError, type PluginManifest } from '@opsflux/sdk'
import { sha256 } from './sha256.ts'

/** What holds an unpacked release to the package it came from. */
export interface ReleaseSeal {
  /** Of `manifest.json`, which lists every file. */
  manifestSha256: string
  /** The publisher's keys that verified `manifest.sig` at install; undefined for releases installed before they were kept. */
  publicKeys?: readonly PublicKey[]
}

/** The seals of the releases this platform has unpacked, kept where its data is. */
export class ReleaseSeals {
  readonly #admin: pg.Pool

  constructor(admin: pg.Pool) {
    this.#admin = admin
  }

  /** @param digest of the package */
  async of(digest: string): Promise<ReleaseSeal | undefined> {
    const { rows: [row] } = await this.#admin.query<{ manifest_sha256: string; public_keys: PublicKey[] | null }>('select manifest_sha256, public_keys from opsflux.release_seal where digest = $1', [digest])
    return row && { manifestSha256: row.manifest_sha256, ...(row.public_keys ? { publicKeys: row.public_keys } : {}) }
  }

  /** Keys already kept stay: what verified at install is what every load is held to. */
  async keep(digest: string, { manifestSha256, publicKeys }: ReleaseSeal): Promise<void> {
    await this.#admin.query(
      `insert into opsflux.release_seal as seal (digest, manifest_sha256, public_keys) values ($1, $2, $3)
       on conflict (digest) do update set public_keys = coalesce(seal.public_keys, excluded.public_keys)`,
      [digest, manifestSha256, publicKeys ? JSON.stringify(publicKeys) : null])
  }

  /** Reads a release from its folder, checked as {@link openSealed} does. @throws package-refused */
  async open(folder: string, digest: string): Promise<PackageContent> {
    return openSealed(folder, await this.of(digest))
  }
}

/**
 * Reads an unpacked release: exactly the files that its manifest lists, the manifest that was sealed, signed by its publisher.
 * What it answers is what was checked. @throws package-refused with `data.reason` and, where one is at fault, `data.entry`
 */
export async function openSealed(folder: string, seal: ReleaseSeal | undefined): Promise<PackageContent> {
  try {
    const content = await openUnpacked(folder, seal?.publicKeys ? { publicKeys: seal.publicKeys } : {})
    if (seal && sha256(content.manifestBytes) !== seal.manifestSha256) throw manifestAltered()
    return content
  } catch (error) {
    // A list that was altered blames the files it lists.
    if (damageOf(error) && seal && (await isAltered(join(folder, 'manifest.json'), seal))) throw manifestAltered(error)
    throw error
  }
}

/** False when it is no plain file: then that is what is wrong. */
async function isAltered(path: string, { manifestSha256 }: ReleaseSeal): Promise<boolean> {
  const stat = await lstat(path).catch(() => undefined)
  if (!stat?.isFile() || stat.size > packageLimits.manifestBytes) return false
  return sha256(await readFile(path)) !== manifestSha256
}

function manifestAltered(cause?: unknown): OpsFluxError {
  return new OpsFluxError('package-refused', 'The file "manifest.json" is not the one its publisher signed.', { data: { reason: 'file-altered', entry: 'manifest.json' }, cause })
}

/** What is wrong with the files of a release on this host. */
export interface Damage {
  /** A `RefusalReason`, which screens translate. */
  reason: string
  entry?: string
}

/** Undefined when the error is of another kind. */
export function damageOf(error: unknown): Damage | undefined {
  if (!isOpsFluxError(error) || error.code !== 'package-refused') return undefined
  const { reason, entry } = error.data
  return { reason: typeof reason === 'string' ? reason : 'file-altered', ...(typeof entry === 'string' ? { entry } : {}) }
}

/** What people read about it, and the next step. */
export function damageInWords({ name, version }: Pick<PluginManifest, 'name' | 'version'>, { reason, entry }: Damage): string {
  const what = entry === undefined ? 'Its files are not on this host.' : `The file "${entry}" ${happened[reason] ?? 'was changed on disk'}.`
  return `${what} ${name} ${version} runs only as its publisher signed it. Repair it: the files are put back, the data stays as it is.`
}

const happened: Record<string, string> = {
  'file-missing': 'is missing', 'manifest-missing': 'is missing', 'signature-missing': 'is missing',
  'file-unlisted': 'was added', 'empty-folder': 'is an empty folder that was added', 'link-on-disk': 'was replaced, or cannot be read',
  'mode-altered': 'has other permissions than it had', 'signature-wrong': 'is not by its publisher',
}
