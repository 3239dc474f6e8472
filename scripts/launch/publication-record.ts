import { readFileSync, renameSync, writeFileSync } from 'node:fs'

/** What became of a release the last time it was built from these sources. */
export interface PublishedRelease {
  /** SHA-256 of the sources. */
  sources: string
  /** `differs`: the registry has that version with another content, which stays. */
  state: 'published' | 'differs'
}

/** What this data folder's registry has from the sources, so that nothing is built twice. */
export interface PublicationRecord {
  /** Fingerprint of the registry, the publisher's key and prefixes it was made for. */
  registry: string
  /** By `<id>@<version>`. */
  releases: Record<string, PublishedRelease>
}

/** An empty one when the file is missing, damaged, or of another registry: publishing again does no harm. */
export function readPublicationRecord(path: string, registry: string): PublicationRecord {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (isRecord(value) && value.registry === registry) return value
  } catch {
    // Missing or damaged: see above.
  }
  return { registry, releases: {} }
}

export function writePublicationRecord(path: string, record: PublicationRecord): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

function isRecord(value: unknown): value is PublicationRecord {
  if (typeof value !== 'object' || value === null || !('registry' in value) || !('releases' in value)) return false
  const { registry, releases } = value
  return typeof registry === 'string' && typeof releases === 'object' && releases !== null && Object.values(releases).every(isPublishedRelease)
}

function isPublishedRelease(value: unknown): value is PublishedRelease {
  if (typeof value !== 'object' || value === null || !('sources' in value) || !('state' in value)) return false
  return typeof value.sources === 'string' && (value.state === 'published' || value.state === 'differs')
}
