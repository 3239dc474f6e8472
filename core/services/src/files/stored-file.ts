import { sql, type Sql, type TextRow } from '@opsflux/data'
import type { StoredFile } from '@opsflux/sdk'

/** What {@link storedFileOf} reads, of a table called `f`. */
export const storedFileColumns: Sql = sql`f.id, f.name, f.type, f.bytes, f.sha256, ${isoText('f.created_at')}, f.created_by`

export function storedFileOf([id, name, type, bytes, sha256, createdAt, createdBy]: TextRow): StoredFile {
  return { id: id ?? '', name: name ?? '', type: type ?? '', bytes: Number(bytes), sha256: sha256 ?? '', createdAt: createdAt ?? '', createdBy: createdBy ?? '' }
}

/** SQL that writes an instant as the API does. */
export function isoText(instant: string): Sql {
  return sql.raw(`to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`)
}
