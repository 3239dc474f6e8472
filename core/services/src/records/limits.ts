/** Limits of what records have beside their fields. */
export const recordLimits = {
  commentCharacters: 10_000,
  /** Of one record. */
  comments: 1_000,
  attachments: 100,
  /** Revisions back from the present that a version can be told. */
  versionsBack: 2_000,
} as const
