/** A file that was uploaded: `POST /api/files`. */
export interface StoredFile {
  id: string
  name: string
  /** Media type, told from the content where that is possible. */
  type: string
  bytes: number
  /** Of the content, hexadecimal. */
  sha256: string
  createdAt: string
  createdBy: string
}

export interface Attachment extends StoredFile {
  attachedAt: string
  attachedBy: string
  attachedByName: string
}

export interface Comment {
  id: string
  /** CommonMark, up to 10,000 characters. */
  text: string
  createdAt: string
  createdBy: string
  authorName: string
  /** Null while it was never changed. */
  editedAt: string | null
  /** Comment it answers; that one answers none itself. */
  parent: string | null
  /** Set on one that was deleted while it had answers: then its text is empty. */
  deletedAt: string | null
}

/** One revision of a record, as the list of its versions has it. */
export interface RecordVersionEntry {
  revision: number
  at: string
  userId: string
  action: string
}

/**
 * A record as it was at one revision. Fields the reader may not see are left out; of earlier revisions also what is not known of then:
 * computed values, and encrypted ones that were changed since.
 */
export interface RecordVersion extends RecordVersionEntry {
  record: { [field: string]: unknown }
}

/** What two versions of a record differ in, but for revision, time and author. */
export interface RecordVersionDiff {
  from: number
  to: number
  changes: { [field: string]: { from: unknown; to: unknown } }
}
