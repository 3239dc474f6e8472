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
  /** Comment it answers. */
  parent: string | null
}

/** A record as it was at one revision. */
export interface RecordVersion {
  revision: number
  at: string
  userId: string
  action: string
  record: { [field: string]: unknown }
}
