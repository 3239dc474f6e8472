/** Limits of uploaded files. */
export const fileLimits = {
  /** Of one file. */
  bytes: 25 * 1024 * 1024,
  nameCharacters: 255,
  /** Uploads of one user under way at the same time, per host. */
  atOnce: 5,
  /** Files of one user that no record uses. */
  unused: 200,
  /** A file that no record has used for so long is removed. */
  unusedHours: 24,
  /** Records looked at, newest first, for whether the reader of a file may see one that uses it. */
  usesLookedAt: 100,
} as const
