/** What the migrations of a package may weigh. */
export const migrationLimits = {
  /** UTF-8 bytes of one file. */
  bytes: 64 * 1024,
  /** UTF-8 bytes of all files of a package. */
  totalBytes: 512 * 1024,
  /** Operator characters in a row. */
  operatorRun: 200,
} as const

const operatorRun = new RegExp(`[-+*/<>=~!@#%^&|\`?]{${migrationLimits.operatorRun + 1}}`)

/** What is wrong with a text whatever it says; undefined when it may be parsed. */
export function textFault(sql: string): string | undefined {
  if (Buffer.byteLength(sql) > migrationLimits.bytes) return `it is larger than ${migrationLimits.bytes} bytes`
  if (!sql.isWellFormed()) return 'it is not well-formed Unicode'
  // The parser stops at a NUL, and the wire protocol takes what follows for something else.
  const control = /[^\P{Cc}\t\n\r\f]/u.exec(sql)?.[0]
  if (control !== undefined) return `it has a control character (U+${(control.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')})`
  // PostgreSQL's scanner looks through a run of them once for each operator it finds there: the time grows with its square.
  if (operatorRun.test(sql)) return `it has more than ${migrationLimits.operatorRun} operator characters in a row`
  return undefined
}
