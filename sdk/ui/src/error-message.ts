/** What an error says to its reader; nothing of one that was not meant for him. */
export function errorText(error: unknown): string {
  return error instanceof Error && 'code' in error && error.code !== 'internal' ? error.message : ''
}
